import { createServer } from 'node:net';
import { startReaper } from '@clickspan/emulator';
import { afterAll, describe, expect, it } from 'vitest';
import { findFreePorts, listen } from '../../platform/freePorts.ts';
import { startService } from './startService.ts';
import type { ServiceOptions } from './startService.ts';

const reaper = startReaper();
afterAll(() => reaper.stop());

async function toOptions(script: string, more: Partial<ServiceOptions> = {}): Promise<ServiceOptions> {
  const { port } = await findFreePorts({ port: undefined });
  return {
    name: 'database',
    command: ['node', '-e', script],
    dir: import.meta.dirname,
    port,
    environment: { GREETING: 'hello' },
    readyWhen: undefined,
    reaper,
    onLine: () => undefined,
    onEnd: () => undefined,
    ...more,
  };
}

const LISTENS = `require('net').createServer().listen(process.env.PORT, '127.0.0.1')`;

describe('startService', () => {
  it('is ready when the port that it was given accepts connections, and leaves it free when stopped', async () => {
    const options = await toOptions(LISTENS);
    const service = await startService(options);
    expect(service.url).toBe(`http://127.0.0.1:${options.port}`);
    const taken = createServer();
    expect(await listen(taken, options.port)).toBe(false);
    await service.stop();
    expect(await listen(taken, options.port)).toBe(true);
    taken.close();
  });

  it('is ready when it has said so, and gets its environment', async () => {
    const lines: string[] = [];
    const script = `setTimeout(() => console.log(process.env.GREETING + ', ready'), 200); setInterval(() => {}, 1000)`;
    const service = await startService(
      await toOptions(script, { readyWhen: 'ready', onLine: (line) => lines.push(line) }),
    );
    expect(lines).toEqual(['hello, ready']);
    await service.stop();
  });

  it('tells its last words when it ends instead of starting', async () => {
    const starting = startService(await toOptions(`console.error('no disk'); process.exit(3)`));
    await expect(starting).rejects.toThrow(/services\.database .*ended with status 3\.\n {4}no disk/s);
  });

  it('tells a port that somebody else has taken from a fault of its own', async () => {
    const taken = createServer();
    const options = await toOptions(LISTENS);
    await listen(taken, options.port);
    const starting = startService({ ...options, readyWhen: 'never said' });
    await expect(starting).rejects.toMatchObject({ code: 'CLICKSPAN_CLI_PORTS_CHANGED' });
    taken.close();
  });

  it('names a command that there is not', async () => {
    const starting = startService(await toOptions('', { command: ['no-such-program'] }));
    await expect(starting).rejects.toThrow(/no-such-program.*ENOENT/s);
  });

  it('tells when it ends later on without having been asked to', async () => {
    const ended = Promise.withResolvers<string>();
    await startService(
      await toOptions(`console.log('ready'); setTimeout(() => process.exit(4), 100)`, {
        readyWhen: 'ready',
        onEnd: ended.resolve,
      }),
    );
    expect(await ended.promise).toBe('ended with status 4');
  });

  it('ends one that does not listen to SIGTERM, with what it has started', async () => {
    const script = `process.on('SIGTERM', () => {}); const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log('ready', c.pid); setInterval(() => {}, 1000)`;
    let child = 0;
    const onLine = (line: string): void => void (child = Number(line.split(' ')[1]));
    const service = await startService(await toOptions(script, { readyWhen: 'ready', onLine }));
    await service.stop();
    await expect.poll(() => isAlive(child), { timeout: 5000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
