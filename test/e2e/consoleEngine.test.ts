import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startConsole } from '@clickspan/console';
import type { Trace } from '../../packages/console/src/api/types.ts';
import { launchChromium } from '../support/chromium.ts';
import { ConsoleStartError, isRunning, startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newTraceId, sendSpans } from '../support/otlpTraces.ts';

const KEY_HEADER = 'x-clickspan-key';
/** What an engine has to notice that its console is gone. */
const ORPHAN_DEADLINE_MS = 6_000;

let dataDir: string;
let running: ConsoleProcess[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickspan-engine-'));
  running = [];
});

afterEach(async () => {
  for (const started of running) await started.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<ConsoleProcess> {
  const started = await startConsoleProcess(dataDir, environment);
  running.push(started);
  return started;
}

/** The file that holds the secret of the engine that runs. */
function configFile(): string {
  const run = readdirSync(dataDir).find((name) => name.startsWith('engine.run.'))!;
  return join(dataDir, run, 'engine.xml');
}

function readKey(): string {
  return /<x-clickspan-key>(\w+)</.exec(readFileSync(configFile(), 'utf8'))![1]!;
}

function listProcesses(isWanted: (command: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return isWanted(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        return false;
      }
    });
}

function listEngines(dir: string): number[] {
  return listProcesses((command) => command.includes(`--path=${join(dir, 'engine')}\0`));
}

function findConsole(dir: string): number {
  return listProcesses((command) => command.includes(`--data-dir\0${dir}\0`))[0]!;
}

function listSocketInodes(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}

async function countSpans(consoleUrl: string, traceId: string): Promise<number> {
  const response = await fetch(`${consoleUrl}/api/traces/${traceId}`);
  return response.ok ? ((await response.json()) as Trace).spans.length : 0;
}

describe('the embedded engine', () => {
  it('does nothing for who does not know its secret', async () => {
    const { engine, log } = await start();
    const query = 'SELECT 1';
    const wrong = { [KEY_HEADER]: '0'.repeat(64) };
    for (const [path, init] of [
      ['/', { method: 'POST', body: query }],
      [`/?query=${query}`, {}],
      [`/?query=${query}`, { headers: wrong }],
      ['/', { method: 'POST', body: query, headers: wrong }],
      ['/play', {}],
      ['/ping', {}],
      ['/', {}],
      [`/?user=default&password=&query=${query}`, { headers: { authorization: 'Basic ZGVmYXVsdDo=' } }],
    ] as const) {
      const response = await fetch(engine!.url + path, init);
      expect(response.status, path).toBe(404);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    const right = await fetch(`${engine!.url}/`, {
      method: 'POST',
      body: query,
      headers: { [KEY_HEADER]: readKey() },
    });
    expect((await right.text()).trim()).toBe('1');
    expect(log()).not.toContain(readKey());
  });

  it('keeps its secret in a file of its owner, out of sight of other processes, new for each start', async () => {
    const { engine } = await start();
    const key = readKey();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(configFile()).mode & 0o777).toBe(0o600);
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${engine!.pid}/${file}`, 'utf8')).not.toContain(key);
    }
    await running.pop()!.end('SIGTERM');
    await start();
    expect(readKey()).not.toBe(key);
  });

  it('listens on one loopback port and nowhere else', async () => {
    const { engine } = await start();
    const inodes = new Set(listSocketInodes(engine!.pid));
    const listeners = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((table) => readFileSync(table, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9]!));
    expect(listeners.map((fields) => fields[1]!.split(':')[0])).toEqual(['0100007F']);
  });

  it('refuses a web page that posts to its port', async () => {
    const { engine, collectorUrl, consoleUrl } = await start();
    const traceId = newTraceId();
    await sendSpans(collectorUrl, [{ traceId }]);
    const site = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<p>evil</p>'),
    );
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const answers: number[] = [];
      page.on('response', (response) => {
        if (response.url().startsWith(engine!.url)) answers.push(response.status());
      });
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      const readable = await page.evaluate(
        async ({ url, header }) => {
          const attempts: RequestInit[] = [
            { method: 'POST', mode: 'no-cors', body: 'DROP TABLE otel_traces' },
            { method: 'POST', body: 'DROP TABLE otel_traces' },
            { method: 'POST', body: 'DROP TABLE otel_traces', headers: { [header]: 'x' } },
          ];
          const outcomes: boolean[] = [];
          for (const attempt of attempts) {
            outcomes.push(
              await fetch(`${url}/`, attempt).then(
                (r) => r.type !== 'opaque',
                () => false,
              ),
            );
          }
          return outcomes;
        },
        { url: engine!.url, header: KEY_HEADER },
      );
      expect(readable).toEqual([false, false, false]);
      expect(answers.filter((status) => status < 400)).toEqual([]);
    } finally {
      await browser.close();
      site.close();
    }
    expect(await countSpans(consoleUrl, traceId)).toBe(1);
  });

  it('is started again when it dies, and loses nothing that was answered', async () => {
    const { engine, collectorUrl, consoleUrl } = await start();
    const before = newTraceId();
    expect((await sendSpans(collectorUrl, [{ traceId: before }])).status).toBe(200);
    process.kill(engine!.pid, 'SIGKILL');
    const after = newTraceId();
    const statuses = new Set<number>();
    await expect
      .poll(
        async () => {
          const response = await sendSpans(collectorUrl, [{ traceId: after }]);
          statuses.add(response.status);
          if (response.status === 503) expect(response.headers.get('retry-after')).toBe('1');
          return response.status;
        },
        { timeout: 60_000, interval: 20 },
      )
      .toBe(200);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(await countSpans(consoleUrl, before)).toBe(1);
    expect(await countSpans(consoleUrl, after)).toBe(1);
  });

  it('ends when its console is killed, and cleans up behind itself', async () => {
    const started = await start();
    await started.end('SIGKILL');
    await expect.poll(() => isRunning(started.engine!.pid), { timeout: ORPHAN_DEADLINE_MS }).toBe(false);
    expect(readdirSync(dataDir)).toEqual(['engine']);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with its console on %s, in good order', async (signal) => {
    const started = await start();
    expect(await started.end(signal)).toBe(0);
    expect(isRunning(started.engine!.pid)).toBe(false);
    expect(readdirSync(dataDir)).toEqual(['engine']);
  });

  it('is not shared: a second console on the same directory is turned away, the first goes on', async () => {
    const first = await start();
    const second = startConsoleProcess(dataDir);
    await expect(second).rejects.toThrow(ConsoleStartError);
    await expect(second).rejects.toThrow(/CLICKSPAN_CONSOLE_DATA_DIR_TAKEN.*another data directory/);
    expect((await sendSpans(first.collectorUrl, [{}])).status).toBe(200);
  });

  it('is not shared by two consoles of one process either', async () => {
    const options = { dataDir, collectorPort: 0, consolePort: 0 };
    const first = await startConsole(options);
    try {
      await expect(startConsole(options)).rejects.toThrow(
        expect.objectContaining({ code: 'CLICKSPAN_CONSOLE_DATA_DIR_TAKEN' }),
      );
      expect((await sendSpans(first.collectorUrl, [{}])).status).toBe(200);
    } finally {
      await first.stop();
    }
    expect(readdirSync(dataDir)).toEqual(['engine']);
  });

  it('is not left behind when a port turns out to be taken', async () => {
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, '127.0.0.1', done));
    const consolePort = (blocker.address() as AddressInfo).port;
    try {
      await expect(startConsole({ dataDir, collectorPort: 0, consolePort })).rejects.toThrow(
        expect.objectContaining({ code: 'CLICKSPAN_CONSOLE_PORT_TAKEN' }),
      );
    } finally {
      blocker.close();
    }
    expect(readdirSync(dataDir)).toEqual(['engine']);
    await start();
  });

  it('that was left over is ended by the next console', async () => {
    const first = await start();
    // Stopped, it cannot notice that its console has gone: the worst kind of leftover.
    process.kill(first.engine!.pid, 'SIGSTOP');
    await first.end('SIGKILL');
    const second = await start();
    expect(isRunning(first.engine!.pid)).toBe(false);
    expect((await sendSpans(second.collectorUrl, [{}])).status).toBe(200);
  });

  it('that was starting when its console was killed does not hinder the next console', async () => {
    for (const startsFor of [50, 150, 250, 'ever'] as const) {
      const killed = startConsoleProcess(dataDir).catch(() => undefined);
      await expect.poll(() => listEngines(dataDir), { timeout: 60_000, interval: 2 }).toHaveLength(1);
      if (startsFor === 'ever') {
        process.kill(listEngines(dataDir)[0]!, 'SIGSTOP');
        const isKnown = (): boolean => existsSync(join(dataDir, 'engine.owner.json'));
        await expect.poll(isKnown, { timeout: 60_000, interval: 2 }).toBe(true);
      } else await new Promise((done) => setTimeout(done, startsFor));
      process.kill(findConsole(dataDir), 'SIGKILL');
      await killed;
      const next = await start();
      expect(listEngines(dataDir)).toEqual([next.engine!.pid]);
      await next.end('SIGTERM');
    }
  });

  it('is never taken for a stranger that has its pid now', async () => {
    const stranger = spawn('sleep', ['60']);
    try {
      const identity = { pid: stranger.pid, startedAt: 'long ago' };
      writeFileSync(
        join(dataDir, 'engine.owner.json'),
        JSON.stringify({ console: identity, engine: identity }),
      );
      await start();
      expect(isRunning(stranger.pid!)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe('an engine of others', () => {
  let proxy: Server | undefined;
  afterEach(() => proxy?.close());

  it('is used when CLICKHOUSE_URL names it', async () => {
    // The one at hand is the embedded one of another console; the proxy knows its secret.
    const host = await start();
    const headers = { [KEY_HEADER]: readKey() };
    proxy = createServer((incoming, outgoing) => {
      const { method, url } = incoming;
      const through = request(host.engine!.url + url!, {
        method: method!,
        headers: { ...incoming.headers, ...headers },
      });
      through.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      });
      through.on('error', () => outgoing.destroy());
      incoming.pipe(through);
    });
    await new Promise<void>((done) => proxy!.listen(0, '127.0.0.1', done));
    const guest = await startConsoleProcess(join(dataDir, 'unused'), {
      CLICKHOUSE_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    });
    running.push(guest);
    expect(guest.engine).toBeUndefined();
    const traceId = newTraceId();
    expect((await sendSpans(guest.collectorUrl, [{ traceId }])).status).toBe(200);
    expect(await countSpans(host.consoleUrl, traceId)).toBe(1);
    expect(existsSync(join(dataDir, 'unused'))).toBe(false);
  });
});

// Each waits for a deadline of the console's own, so they wait together.
describe.concurrent('an engine that does not answer', () => {
  it('for a while, though it lives, is ended and followed by a new one', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'clickspan-hung-'));
    const hung = await startConsoleProcess(dir);
    try {
      const [before, after] = [newTraceId(), newTraceId()];
      expect((await sendSpans(hung.collectorUrl, [{ traceId: before }])).status).toBe(200);
      process.kill(hung.engine!.pid, 'SIGSTOP');
      const health = await fetch(`${hung.consoleUrl}/api/health`);
      expect([health.status, await health.json()]).toMatchObject([503, { status: 'unavailable' }]);
      const send = async (): Promise<number> =>
        (await sendSpans(hung.collectorUrl, [{ traceId: after }])).status;
      await expect.poll(send, { timeout: 90_000 }).toBe(200);
      expect(isRunning(hung.engine!.pid)).toBe(false);
      expect(await countSpans(hung.consoleUrl, before)).toBe(1);
      expect(await countSpans(hung.consoleUrl, after)).toBe(1);
    } finally {
      await hung.end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('does not keep its console from ending', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'clickspan-hung-'));
    const hung = await startConsoleProcess(dir);
    process.kill(hung.engine!.pid, 'SIGSTOP');
    const unanswered = sendSpans(hung.collectorUrl, [{}]).catch(() => undefined);
    // Its rows are on their way to the engine.
    await new Promise((done) => setTimeout(done, 200));
    expect(await hung.end('SIGTERM')).toBe(0);
    expect(isRunning(hung.engine!.pid)).toBe(false);
    await unanswered;
    rmSync(dir, { recursive: true, force: true });
  });

  it('at CLICKHOUSE_URL is named, without its password', async () => {
    const started = startConsoleProcess(join(tmpdir(), 'clickspan-unused'), {
      CLICKHOUSE_URL: 'http://user:s3cret@127.0.0.1:9',
    });
    const message = await started.then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(message).toContain('CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE');
    expect(message).toContain('127.0.0.1:9');
    expect(message).not.toContain('s3cret');
  });
});
