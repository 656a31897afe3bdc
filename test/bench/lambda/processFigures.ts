import { readdirSync, readFileSync } from 'node:fs';
import { listProcessGroup } from '@clickspan/emulator';

const NANOSECONDS_PER_MS = 1_000_000;
const KB_PER_MB = 1000;
const BYTES_PER_KIB = 1024;

/**
 * CPU time of all threads of an environment's processes so far, ms, from the scheduler's own account: clock ticks of 10 ms
 * would be too coarse. Threads that have ended are not in it.
 */
export function readCpuMs(processGroupId: number): number {
  let nanoseconds = 0;
  for (const { pid } of listProcessGroup(processGroupId)) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      nanoseconds += Number(onCpu);
    }
  }
  return nanoseconds / NANOSECONDS_PER_MS;
}

/** Resident memory of an environment's processes, MB. */
export function readRssMb(processGroupId: number): number {
  let kib = 0;
  for (const { pid } of listProcessGroup(processGroupId)) {
    kib += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  }
  return (kib * BYTES_PER_KIB) / (KB_PER_MB * 1000);
}
