/** Every way in which the emulator refuses to start or to serve, by code; `docs/errors.md` explains each. */
export const EMULATOR_ERRORS = {
  CLICKSPAN_EMULATOR_CLIENT_MISSING: 'The runtime client is not installed.',
  CLICKSPAN_EMULATOR_LAYER: 'A layer cannot be unpacked.',
  CLICKSPAN_EMULATOR_NATIVE_MISSING: 'The native half of the runtime client has not been built.',
  CLICKSPAN_EMULATOR_NODE_MISSING: 'There is no Node that functions could run on.',
  CLICKSPAN_EMULATOR_OPTION: 'An option of the emulator is not valid.',
  CLICKSPAN_EMULATOR_THROTTLED: 'There is no room for another environment.',
  CLICKSPAN_EMULATOR_UNKNOWN: 'There is nothing of that name.',
} as const;

/** A code of `EMULATOR_ERRORS`. */
export type EmulatorErrorCode = keyof typeof EMULATOR_ERRORS;

/** An error of the emulator, with a code that stays the same from version to version. */
export class EmulatorError extends Error {
  readonly code: EmulatorErrorCode;

  /**
   * @param code which of the known errors it is
   * @param detail what exactly is wrong and what to do; added to the code's own sentence
   */
  constructor(code: EmulatorErrorCode, detail: string, options?: ErrorOptions) {
    super(`${EMULATOR_ERRORS[code]} ${detail}`, options);
    this.name = 'EmulatorError';
    this.code = code;
  }
}
