import type { InitializationType } from './environmentVariables.ts';
import type { RuntimeName } from './functionConfig.ts';
import type { ExtensionInfo } from './lifecycle.ts';
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
  /** How long an INIT within the invocation took, where the environment's processes had to be started anew. */
  readonly suppressedInitMs?: number;
  /** How long the restore before it took, where the environment waited as a snapshot. */
  readonly restoreMs?: number;
}

/** The processes of an environment were ended, and the next invocation had to start them again. */
export interface EnvironmentReset {
  readonly atUnixMs: number;
  readonly reason: 'timeout' | 'failure';
  readonly errorType: string;
}

/** What holds an environment to its limits. */
export interface LimitsRecord {
  /** A control group of the kernel's, or only the limit of the JavaScript heap. */
  readonly memory: 'cgroup v2' | 'cgroup v1' | 'heap';
  readonly cpu: 'cgroup v2' | 'cgroup v1' | 'none';
}

/** What the emulator itself knows of one environment, from its own processes and clock alone. */
export interface EnvironmentRecord {
  readonly id: string;
  readonly functionName: string;
  readonly runtime: RuntimeName;
  /** Which native half its runtime client runs with. */
  readonly runtimeClient: RuntimeClientKind;
  readonly initializationType: InitializationType;
  readonly limits: LimitsRecord;
  /** Of the runtime; of the last one after a reset. */
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
  /** Those of its processes of now. */
  readonly extensions: readonly (ExtensionInfo & { readonly pid: number | undefined })[];
  readonly resets: readonly EnvironmentReset[];
  /** The newest, oldest first. */
  readonly invocations: readonly InvocationRecord[];
}
