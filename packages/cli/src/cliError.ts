/** Every way in which the command refuses to go on, by code; `docs/errors.md` explains each. */
export const CLI_ERRORS = {
  CLICKSPAN_CLI_USAGE: 'The command line cannot be read.',
  CLICKSPAN_CLI_CONFIG_MISSING: 'There is no configuration file.',
  CLICKSPAN_CLI_CONFIG_INVALID: 'The configuration is not valid.',
  CLICKSPAN_CLI_PATH_MISSING: 'Something that the configuration names does not exist.',
  CLICKSPAN_CLI_SERVICE_FAILED: 'A service did not start.',
  CLICKSPAN_CLI_PORTS_CHANGED: 'Ports were taken by others while everything started.',
} as const;

/** A code of `CLI_ERRORS`. */
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** An error of the command, with a code that stays the same from version to version. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  /**
   * @param code which of the known errors it is
   * @param detail what exactly is wrong and what to do; added to the code's own sentence
   */
  constructor(code: CliErrorCode, detail: string, options?: ErrorOptions) {
    super(`${CLI_ERRORS[code]} ${detail}`, options);
    this.name = 'CliError';
    this.code = code;
  }
}
