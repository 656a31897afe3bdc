import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const FILE = new URL('mainThread.ts', import.meta.url);

/** What a new process finds in its main thread, and whether it has loaded threads for it. */
function askProcess(before: string): unknown {
  const code = `${before}
    const { isMainThread } = await import(${JSON.stringify(FILE.href)});
    const isMain = isMainThread();
    const isLoaded = process.moduleLoadList.includes('NativeModule worker_threads');
    process.stdout.write(JSON.stringify({ isMain, isLoaded }));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    env: { PATH: process.env['PATH'] },
  });
  return JSON.parse(stdout.toString());
}

describe('isMainThread', () => {
  it('is true in the main thread, without loading what knows of threads', () => {
    expect(askProcess('')).toEqual({ isMain: true, isLoaded: false });
  });

  it('is true in the main thread of a process that has loaded it', () => {
    expect(askProcess("await import('node:worker_threads');")).toEqual({ isMain: true, isLoaded: true });
  });

  it('is false, without an error, where Node cannot be asked', () => {
    const before = "await import('node:worker_threads'); process.getBuiltinModule = undefined;";
    expect(askProcess(before)).toEqual({ isMain: false, isLoaded: true });
  });

  it('is false in a worker that loads nothing of it', async () => {
    const file = JSON.stringify(fileURLToPath(FILE));
    const worker = new Worker(
      `import(${file}).then(({ isMainThread }) => process.stdout.write(String(isMainThread())));`,
      { eval: true, stdout: true, execArgv: [] },
    );
    expect(await worker.stdout.toArray()).toEqual([Buffer.from('false')]);
  });
});
