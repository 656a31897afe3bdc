import { decideColdStart } from './coldStart.ts';

/** What is told about the environment's start to one invocation. */
export interface InvocationStart {
  /** The caller waited for the environment's init. */
  readonly cold: boolean;
  /** From the process's start to the end of the init, ms; only for the first invocation. */
  readonly initMs: number | undefined;
  readonly initEndUnixMs: number;
}

/** Keeps when the environment began and was ready. */
export interface EnvironmentStart {
  /** The environment is ready: nothing is loaded any more. */
  initialized(): void;
  /** The function's code is being loaded, and the end of it is not going to be told. */
  loading(): void;
  /** An invocation begins. */
  invoke(startUnixMs: number): InvocationStart;
}

/** What it needs. */
export interface EnvironmentStartInit {
  /** Unix ms with fractions. */
  readonly now: () => number;
  /** When the process began, Unix ms. */
  readonly initStartUnixMs: number;
  readonly initializationType: string | undefined;
}

/** Makes the record of an environment's start; there is one in each environment. */
export function createEnvironmentStart(init: EnvironmentStartInit): EnvironmentStart {
  const { now, initStartUnixMs, initializationType } = init;
  let readyUnixMs: number | undefined;
  let loadingUnixMs: number | undefined;
  let first = true;
  return {
    initialized() {
      readyUnixMs = now();
    },
    loading() {
      loadingUnixMs = now();
    },
    invoke(startUnixMs) {
      const idleSinceUnixMs = readyUnixMs ?? loadingUnixMs ?? startUnixMs;
      const age = { first, initializationType, initEndUnixMs: idleSinceUnixMs, invokedUnixMs: startUnixMs };
      const { cold } = decideColdStart(age);
      // An invocation that was waited for comes right after the init whose end was not told.
      const initEndUnixMs = readyUnixMs ?? (cold ? startUnixMs : idleSinceUnixMs);
      const initMs = first ? initEndUnixMs - initStartUnixMs : undefined;
      first = false;
      return { cold, initMs, initEndUnixMs };
    },
  };
}
