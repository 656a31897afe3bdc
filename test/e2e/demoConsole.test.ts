import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startProgram } from '../support/demoProcess.ts';
import type { RunningProgram } from '../support/demoProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'clickspan-console-'));
let program: RunningProgram | undefined;

afterEach(async () => {
  program?.child.kill('SIGINT');
  await program?.ended;
  rmSync(folder, { recursive: true, force: true });
});

function startConsole(...args: string[]): RunningProgram {
  program = startProgram('packages/cli/dist/entries/clickspan.js', [
    'console',
    '--data-dir',
    folder,
    ...args,
  ]);
  return program;
}

describe('clickspan console', () => {
  it('takes spans, shows them, keeps them over a restart, and ends on Ctrl-C with status 0', async () => {
    const first = startConsole();
    const [, collector] = await first.waitFor(/collector +(\S+)/);
    await first.waitFor(/Ctrl-C ends it/);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const startUnixMs = Date.now();
    const span = {
      traceId,
      spanId: 'b7ad6b7169203331',
      name: 'hello',
      kind: 1,
      startTimeUnixNano: `${startUnixMs}000000`,
      endTimeUnixNano: `${startUnixMs + 5}000000`,
    };
    const body = JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans: [span] }] }] });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(collector!, { method: 'POST', headers, body })).status).toBe(200);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);

    const second = startConsole();
    const [, address] = await second.waitFor(/console +(\S+)/);
    const trace = (await (await fetch(new URL(`/api/traces/${traceId}`, address))).json()) as {
      spans: { name: string }[];
    };
    expect(trace.spans.map(({ name }) => name)).toEqual(['hello']);
  });

  it('takes the port that it was told, or none', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;
    const refused = startConsole('--console-port', String(port));
    expect(await refused.ended).toBe(1);
    expect(refused.err()).toContain('CLICKSPAN_CONSOLE_PORT_TAKEN');
    other.close();
  });
});
