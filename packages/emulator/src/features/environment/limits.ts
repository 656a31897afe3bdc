import { createControlGroup } from '../../platform/controlGroup.ts';
import type { ControlGroup } from '../../platform/controlGroup.ts';
import type { Reaper } from '../../platform/reaper.ts';
import type { LimitsRecord } from './record.ts';

/** Which limits shall be held by the kernel where it has control groups that this process may make. */
export interface LimitsConfig {
  /** A function that takes more memory than it has is killed. Otherwise only its JavaScript heap is limited. */
  readonly memory?: boolean | undefined;
  /** A function gets no more processor time than its memory stands for. */
  readonly cpu?: boolean | undefined;
}

/** A function with so much memory has one processor (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const MB_PER_CPU = 1769;

export interface Limits {
  readonly group: ControlGroup | undefined;
  readonly limits: LimitsRecord;
}

/**
 * Makes what holds an environment to its limits.
 *
 * @param environmentId names its control group
 * @param memoryMb the function's memory
 * @param config which limits are wanted
 * @param reaper takes the control group away when this process cannot
 */
export function createLimits(
  environmentId: string,
  memoryMb: number,
  { memory = false, cpu = false }: LimitsConfig,
  reaper: Reaper,
): Limits {
  const group =
    memory || cpu
      ? createControlGroup(`clickspan-${environmentId}`, {
          memoryMb: memory ? memoryMb : undefined,
          cpus: cpu ? memoryMb / MB_PER_CPU : undefined,
        })
      : undefined;
  for (const dir of group?.dirs ?? []) reaper.removeAtEnd(dir);
  const by = group && (`cgroup v${group.version}` as const);
  return { group, limits: { memory: (memory && by) || 'heap', cpu: (cpu && by) || 'none' } };
}
