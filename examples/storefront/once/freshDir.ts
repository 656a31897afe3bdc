import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^once-(\d+)$/;

/**
 * Makes an empty data directory for this process, and removes those of earlier ones that were killed.
 *
 * @param dataDir the data directory of the configuration
 */
export function openFreshDir(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true });
  for (const name of readdirSync(dataDir)) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  const own = join(dataDir, `once-${process.pid}`);
  rmSync(own, { recursive: true, force: true });
  return own;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
