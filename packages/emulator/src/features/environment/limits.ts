import { randomUUID } from 'node:crypto';
import { createControlGroup } from '../../platform/controlGroup.ts';
import type { ControlGroup, ControlLimits } from '../../platform/controlGroup.ts';
import type { Reaper } from '../../platform/reaper.ts';
import type { LimitsRecord } from './record.ts';
import type { SandboxProcess } from './sandboxProcess.ts';

/** Which limits shall be held by the kernel where it has control groups that this process may make. */
export interface LimitsConfig {
  /** A function that takes more memory than it has is killed. Otherwise only its JavaScript heap is limited. */
  readonly memory?: boolean | undefined;
  /** A function gets no more processor time than its memory stands for. */
  readonly cpu?: boolean | undefined;
}

/** A function with so much memory has one processor (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const MB_PER_CPU = 1769;

/** What holds an environment to its limits, and what is told of it. */
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
  return {
    group,
    limits: { memory: (memory && toName(group)) || 'heap', cpu: (cpu && toName(group)) || 'none' },
  };
}

/** Tells what would hold functions to each limit on this machine: tries, and leaves nothing. */
export function findLimits(): LimitsRecord {
  const tryOut = (limits: Partial<ControlLimits>): ReturnType<typeof toName> => {
    const group = createControlGroup(`clickspan-${randomUUID()}`, {
      memoryMb: undefined,
      cpus: undefined,
      ...limits,
    });
    group?.remove();
    return toName(group);
  };
  return { memory: tryOut({ memoryMb: 128 }) ?? 'heap', cpu: tryOut({ cpus: 1 }) ?? 'none' };
}

function toName(group: ControlGroup | undefined): 'cgroup v1' | 'cgroup v2' | undefined {
  return group && (`cgroup v${group.version}` as const);
}

/**
 * Puts a process into what holds its environment to its limits.
 *
 * @param group of the environment, where there is one
 * @param process one of its processes
 */
export function joinGroup(group: ControlGroup | undefined, { pid }: SandboxProcess): void {
  try {
    if (pid !== undefined) group?.add(pid);
  } catch {
    // What is gone already cannot be added; its exit tells.
  }
}
