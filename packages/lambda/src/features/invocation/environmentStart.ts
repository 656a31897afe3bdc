import { decideColdStart } from './coldStart.ts';

/** A part of the environment's start. Times are Unix ms. */
export interface InitPart {
  readonly name: string;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
}

/** What is known of the environment's start when its first invocation begins. */
export interface Init {
  /** The caller waited for it. */
  readonly cold: boolean;
  /** It was made ahead of demand, though nobody has asked for that. */
  readonly proactive: boolean;
  /** It happened within the invocation, since the process before has died. */
  readonly suppressed: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly type: string | undefined;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly parts: readonly InitPart[];
}

/** Keeps when the environment began and was ready. */
export interface EnvironmentStart {
  /** The environment is ready: nothing is loaded any more. */
  initialized(): void;
  /** The function's code is being loaded, and the end of it is not going to be told. */
  loading(): void;
  /** A part of the start is over. */
  part(part: InitPart): void;
  /** An invocation begins; gives the start to the first one, and nothing to the others. */
  invoke(startUnixMs: number): Init | undefined;
}

/** What it needs. */
export interface EnvironmentStartInit {
  /** Unix ms with fractions. */
  readonly now: () => number;
  /** When the process began, Unix ms. */
  readonly initStartUnixMs: number;
  readonly initializationType: string | undefined;
  /** A process of this environment has died before. */
  readonly restarted: boolean;
}

/** Makes the record of an environment's start; there is one in each environment. */
export function createEnvironmentStart(init: EnvironmentStartInit): EnvironmentStart {
  const { now, initStartUnixMs, initializationType, restarted } = init;
  let readyUnixMs: number | undefined;
  let loadingUnixMs: number | undefined;
  let first = true;
  let parts: InitPart[] = [];
  return {
    initialized() {
      readyUnixMs = now();
    },
    loading() {
      loadingUnixMs = now();
    },
    part(part) {
      if (first) parts.push(part);
    },
    invoke(startUnixMs) {
      if (!first) return undefined;
      first = false;
      const told = parts;
      parts = [];
      const idleSinceUnixMs = readyUnixMs ?? loadingUnixMs ?? startUnixMs;
      const { cold, proactive } = decideColdStart({
        first: true,
        initializationType,
        restarted,
        initEndUnixMs: idleSinceUnixMs,
        invokedUnixMs: startUnixMs,
      });
      return {
        cold,
        proactive,
        suppressed: restarted,
        type: initializationType,
        startUnixMs: initStartUnixMs,
        // An invocation that was waited for comes right after the init whose end was not told.
        endUnixMs: readyUnixMs ?? (cold ? startUnixMs : idleSinceUnixMs),
        parts: told,
      };
    },
  };
}
