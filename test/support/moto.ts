import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

const cacheDir: string = resolve(import.meta.dirname, '../../node_modules/.cache/clickspan');
const installed = existsSync(cacheDir) && readdirSync(cacheDir).find((name) => /^moto-[\d.]+$/.test(name));

/** Where moto is, AWS's services in Python: `node scripts/installMoto.mjs`; `undefined` where it is not. */
export const MOTO_DIR: string | undefined = installed ? join(cacheDir, installed) : undefined;

/** It starts within a second when nothing else runs. */
const DEADLINE_MS = 30_000;

/** A running moto. */
export interface Moto {
  /** For every service. */
  readonly url: string;
  stop(): void;
}

/** Starts moto on a port of this machine. */
export async function startMoto(): Promise<Moto> {
  const port = await findFreePort();
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, PYTHONPATH: MOTO_DIR },
    stdio: 'ignore',
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const url = `http://127.0.0.1:${port}`;
  const deadlineUnixMs = Date.now() + DEADLINE_MS;
  while (Date.now() < deadlineUnixMs) {
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return { url, stop };
    await new Promise((done) => setTimeout(done, 100));
  }
  stop();
  throw new Error(`moto did not start within ${DEADLINE_MS} ms`);
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
