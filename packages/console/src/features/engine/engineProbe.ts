import type { PingOutcome } from '../../platform/clickhouse.ts';

/** How to watch an engine. */
export interface EngineProbeOptions {
  /** Asks the engine for next to nothing, and gives up after `timeoutMs`. */
  readonly ping: (timeoutMs: number) => Promise<PingOutcome>;
  /** Called once, when the engine has been silent for too long; the probe has ended then. */
  readonly onHung: () => void;
  /** Between the end of one question and the next; 2 s unless given. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 2_000;
/** An engine under full load answers within milliseconds; swapping or a slow disk may cost seconds. */
const TIMEOUT_MS = 5_000;
/** Several in a row: after a machine has slept, the first question may time out for no fault of the engine. */
const MAX_SILENT = 3;

/** Watches an engine that may live and yet not answer, such as one that was stopped or is stuck. */
export function startEngineProbe(options: EngineProbeOptions): { readonly stop: () => void } {
  const intervalMs = options.intervalMs ?? INTERVAL_MS;
  let silent = 0;
  let timer: NodeJS.Timeout;
  let stopped = false;

  const probe = async (): Promise<void> => {
    const outcome = await options.ping(TIMEOUT_MS);
    if (stopped) return;
    silent = outcome === 'silent' ? silent + 1 : 0;
    if (silent >= MAX_SILENT) options.onHung();
    else timer = setTimeout(probe, intervalMs);
  };
  timer = setTimeout(probe, intervalMs);
  return {
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
