import type { Clock } from '../../platform/clock.ts';
import type { FunctionSettings } from './functionConfig.ts';
import { toInitEvents, toInitStartRecord } from './platformEvents.ts';
import type { InitKind, InitOutcome } from './platformEvents.ts';
import type { Sandbox } from './sandbox.ts';
import type { Telemetry } from './telemetry.ts';

export interface InitPhaseOptions {
  readonly settings: FunctionSettings;
  readonly logStreamName: string;
  readonly initializationType: InitKind['initializationType'];
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Starts the processes. */
  readonly open: () => Promise<void>;
  /** Tells of the extensions that there are. */
  readonly extensions: () => ReturnType<Sandbox['extensions']>;
}

/** The INIT of an environment's processes, each time that they are started. */
export interface InitPhase {
  /** Starts the processes and waits until all have asked for a first event, or for what comes before that. */
  run(phase: InitKind['phase'], limitMs: number | undefined): Promise<InitOutcome>;
  isRunning(): boolean;
  /** Ends it; when it is not running, nothing happens. */
  end(outcome: InitOutcome): void;
}

/**
 * Makes it.
 *
 * @param options the function, how its processes are started, and who is told
 */
export function createInitPhase(options: InitPhaseOptions): InitPhase {
  const { settings, clock, telemetry, initializationType } = options;
  let onEnd: ((outcome: InitOutcome) => void) | undefined;

  async function run(phase: InitKind['phase'], limitMs: number | undefined): Promise<InitOutcome> {
    const kind = { initializationType, phase };
    const begunUnixMs = clock();
    telemetry.emit('platform.initStart', toInitStartRecord(settings, options.logStreamName, kind));
    const outcome = new Promise<InitOutcome>((resolve) => {
      onEnd = resolve;
    });
    await options.open();
    const timer = limitMs === undefined ? undefined : setTimeout(() => onEnd?.('timeout'), limitMs);
    const reached = await outcome;
    clearTimeout(timer);
    onEnd = undefined;
    for (const [type, record] of toInitEvents(kind, clock() - begunUnixMs, reached, options.extensions()))
      telemetry.emit(type, record);
    telemetry.close();
    return reached;
  }

  return { run, isRunning: () => onEnd !== undefined, end: (outcome) => onEnd?.(outcome) };
}
