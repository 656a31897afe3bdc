import type { RuntimeName } from './functionConfig.ts';
import type { RuntimeClientKind } from './runtimeClient.ts';

/** What the emulator itself saw of one invocation. Times are unix milliseconds with a fraction. */
export interface InvocationRecord {
  readonly requestId: string;
  /** The event was delivered to the runtime. */
  readonly startUnixMs: number;
  /** The runtime had sent its whole response or error. */
  readonly responseUnixMs?: number;
  /** Runtime and extensions had asked for their next event, or the environment had ended. */
  readonly endUnixMs?: number;
  /** It was the first of its environment. */
  readonly cold: boolean;
  readonly status: 'running' | 'ok' | 'error' | 'timeout' | 'crash';
}

/** What the emulator itself knows of one environment, from its own processes and clock alone. */
export interface EnvironmentRecord {
  readonly id: string;
  readonly functionName: string;
  readonly runtime: RuntimeName;
  /** Which native half its runtime client runs with. */
  readonly runtimeClient: RuntimeClientKind;
  readonly pid: number | undefined;
  readonly processGroupId: number | undefined;
  readonly logStreamName: string;
  readonly state: 'init' | 'idle' | 'busy' | 'ended';
  /** The process group has been stopped (SIGSTOP) and not continued. */
  readonly frozen: boolean;
  readonly startedAtUnixMs: number;
  /** From the start of the process until everyone had asked for a first event. */
  readonly initDurationMs?: number;
  readonly endedAtUnixMs?: number;
  readonly endReason?: string;
  /** The newest, oldest first. */
  readonly invocations: readonly InvocationRecord[];
}
