import type { Clock } from '../../platform/clock.ts';
import type { ExtensionInfo } from './lifecycle.ts';
import type { SandboxProcess } from './sandboxProcess.ts';

/** Why a sandbox ends, as extensions are told. */
export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

/** How long each part of a shutdown may take. */
export interface ShutdownLimits {
  readonly runtimeMs: number;
  readonly totalMs: number;
}

/**
 * The limits of a shutdown: none without extensions, 500 ms with internal ones only, 2,000 ms with an external one, of
 * which the runtime gets 300, or 500 when it holds an internal one too
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Shutdown phase";
 * https://github.com/aws-samples/graceful-shutdown-with-aws-lambda).
 *
 * @param extensions all of the sandbox
 * @param isMany whether it serves many requests at once: 2,000 ms with any extension, of which the runtime gets 600
 * (aws/aws-lambda-runtime-interface-emulator at 4fa21571, lambda-managed-instances/rapid/shutdown.go)
 */
export function toShutdownLimits(extensions: readonly ExtensionInfo[], isMany = false): ShutdownLimits {
  if (isMany && extensions.length > 0) return { runtimeMs: 600, totalMs: 2000 };
  const hasInternal = extensions.some(({ kind }) => kind === 'internal');
  if (!extensions.some(({ kind }) => kind === 'external'))
    return hasInternal ? { runtimeMs: 500, totalMs: 500 } : { runtimeMs: 0, totalMs: 0 };
  return { runtimeMs: hasInternal ? 500 : 300, totalMs: 2000 };
}

export interface ShutdownOptions {
  readonly limits: ShutdownLimits;
  readonly runtime: SandboxProcess | undefined;
  /** The external ones by name. */
  readonly extensions: ReadonlyMap<string, SandboxProcess>;
  /** Sends SHUTDOWN to those subscribed to it; returns their names. */
  readonly tell: (deadlineUnixMs: number) => readonly string[];
  readonly clock: Clock;
}

/**
 * Ends the processes of a sandbox as the platform does: the runtime first, by SIGTERM and at its limit SIGKILL; then
 * the extensions, by the SHUTDOWN event and at the limit SIGKILL, those not subscribed to it by SIGKILL at once; and
 * without any extension the runtime by SIGKILL (rapid core, rapid/shutdown.go).
 *
 * @param options the processes and how long they may take
 */
export async function shutDown(options: ShutdownOptions): Promise<void> {
  const { limits, runtime, extensions, clock } = options;
  const deadlineUnixMs = clock() + limits.totalMs;
  const all = [...extensions.values(), ...(runtime ? [runtime] : [])];
  if (limits.totalMs > 0) {
    // In this order, so that what was frozen wakes up to the signal.
    runtime?.terminate();
    for (const each of all) each.thaw();
    if (runtime) await endedWithin(runtime, limits.runtimeMs);
    const told = options.tell(deadlineUnixMs);
    for (const [name, each] of extensions) if (!told.includes(name)) each.kill();
    const leftMs = deadlineUnixMs - clock();
    await Promise.all([...extensions.values()].map((each) => endedWithin(each, leftMs)));
  }
  for (const each of all) each.kill();
  await Promise.all(all.map(({ ended }) => ended));
}

/** Waits for a process, and kills it when the time is over. */
async function endedWithin(each: SandboxProcess, limitMs: number): Promise<void> {
  const timer = setTimeout(() => each.kill(), Math.max(0, limitMs));
  await each.ended;
  clearTimeout(timer);
}
