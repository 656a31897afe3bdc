/** Every way in which the console refuses to start or to go on, by code; `docs/errors.md` explains each. */
export const CONSOLE_ERRORS = {
  CLICKSPAN_CONSOLE_DATA_DIR_TAKEN: 'Another console that is running uses this data directory.',
  CLICKSPAN_CONSOLE_ENGINE_MISSING: 'The embedded engine cannot be had on this platform.',
  CLICKSPAN_CONSOLE_ENGINE_START: 'The embedded engine did not start.',
  CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE: 'The ClickHouse server at CLICKHOUSE_URL does not answer.',
  CLICKSPAN_CONSOLE_PORT_TAKEN: 'A port that the console was told to use is taken.',
  CLICKSPAN_CONSOLE_SCHEMA_NEWER: 'The data was written by a newer version of the console.',
} as const;

/** A code of `CONSOLE_ERRORS`. */
export type ConsoleErrorCode = keyof typeof CONSOLE_ERRORS;

/** An error of the console with a code that stays the same from version to version. */
export class ConsoleError extends Error {
  readonly code: ConsoleErrorCode;

  /**
   * @param code which of the known errors it is
   * @param detail what exactly happened and what to do; added to the code's own sentence
   */
  constructor(code: ConsoleErrorCode, detail: string, options?: ErrorOptions) {
    super(`${CONSOLE_ERRORS[code]} ${detail}`, options);
    this.name = 'ConsoleError';
    this.code = code;
  }
}
