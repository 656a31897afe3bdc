import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '@clickspan/emulator';
import { until, writeCode } from '../support/lambdaFixture.ts';
import type { Code, Stage } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';
import { useTestStage } from '../support/testStage.ts';

const here = useTestStage();

describe('a handler on a runtime client before version 4', () => {
  const start = async (source: string, handler = 'index.handler', timeoutMs = 3000): Promise<Stage> => {
    const config = { source, handler, timeoutMs, runtime: 'nodejs22.x' as const };
    const stage = await here.start(
      [
        { ...config, name: 'bare' },
        withLayer({ ...config, name: 'traced' }, `http://localhost:${here.collector.port}`),
      ],
      { functionUrls: [{ function: 'bare' }, { function: 'traced' }] },
    );
    return stage;
  };

  it.each([
    ['calls back', '(e, c, back) => { setTimeout(back, 60, null, { a: 1 }); }', 0],
    ['calls back with an error', '(e, c, back) => { setTimeout(back, 50, new RangeError("x")); }', 2],
    [
      'calls back at once, and leaves work',
      '(e, c, back) => { setTimeout(() => {}, 80); back(null, 1); }',
      0,
    ],
    [
      'does not wait for its work',
      '(e, c, back) => { c.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 500); back(null, 1); }',
      0,
    ],
    [
      'calls back out of its work, without waiting for more',
      '(e, c, back) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(back, 50, null, 1); }',
      0,
    ],
    ['calls a method of the context', '(e, c) => { setTimeout(() => c.succeed("ok"), 50); }', 0],
    ['throws', '(e, c, back) => { throw new TypeError("x"); }', 2],
    ['gives a promise', 'async (e, c, back) => { await null; return [typeof back, handler.length]; }', 0],
    ['gives a value, which is ignored', '() => 7', 0],
    ['never settles', '() => new Promise(() => {})', 0],
    ['calls back twice', '(e, c, back) => { back(null, 1); back(null, 2); }', 0],
  ])('is answered and ends as without us, where it %s', async (_, handler, status) => {
    const running = await start(`export const handler = ${handler};`);
    const bare = await running.emulator.invoke('bare', {});
    const comparable = (value: unknown): string =>
      JSON.stringify(value)?.replaceAll(/"(stackTrace|trace)":\[[^\]]*\]/g, '');
    // The client goes on to the second from where the first has called it.
    for (let i = 0; i < 2; i++) {
      const { requestId, functionError, payload } = await running.emulator.invoke('traced', {});
      expect([functionError, comparable(payload)]).toEqual([bare.functionError, comparable(bare.payload)]);
      await until('the environment rests', () => running.environments('traced')[0]!.frozen);
      const { startUnixMs, endUnixMs } = running.environments('traced')[0]!.invocations.at(-1)!;
      // Never held until the deadline.
      expect(endUnixMs! - startUnixMs).toBeLessThan(2000);
      const span = await here.collector.waitForSpan(isInvocation(requestId));
      expect(span.status.code).toBe(status);
    }
  });

  it.each([
    [
      'calls back',
      `(event, context, back) => { if (event.endless) setInterval(() => {}, 50); else setTimeout(() => {}, 80); back(null, 1); }`,
    ],
    [
      'streams',
      `awslambda.streamifyResponse(async (event, stream) => {
        stream.end('1');
        if (event.endless) setInterval(() => {}, 50); else setTimeout(() => {}, 80);
      })`,
    ],
  ])('is over when nothing is left to do, or times out, where it %s', async (_, handler) => {
    const running = await start(`export const handler = ${handler};`, 'index.handler', 1000);
    const { requestId } = await running.emulator.invoke('traced', {});
    const span = await here.collector.waitForSpan(isInvocation(requestId));
    expect(span.status.code).toBe(0);
    expect(span.endUnixMs - span.startUnixMs).toBeGreaterThan(75);
    const endless = await running.emulator.invoke('traced', { endless: true });
    await until(
      'it is over',
      () => running.environments('traced')[0]!.invocations.at(-1)!.status === 'timeout',
    );
    const [late, ...more] = here.collector.spans.filter(isInvocation(endless.requestId));
    expect(more).toEqual([]);
    expect(late!.attributes).toMatchObject({ 'error.type': 'timeout', 'clickspan.end_reason': 'timeout' });
  });

  it('that the client cannot even call holds nothing', async () => {
    const running = await start(
      'process.env = Object.freeze({ ...process.env }); export const handler = async () => 1;',
    );
    const { functionError } = await running.emulator.invoke('traced', {});
    expect(functionError).toBe('Unhandled');
    await until('the environment rests', () => running.environments('traced')[0]!.frozen);
    const { startUnixMs, endUnixMs } = running.environments('traced')[0]!.invocations.at(-1)!;
    expect(endUnixMs! - startUnixMs).toBeLessThan(2000);
  });

  it('is answered without our name lookup, which would keep the process at work', async () => {
    const running = await start(`
      import dns from 'node:dns';
      const { lookup } = dns;
      dns.lookup = (...args) => void setTimeout(() => lookup(...args), 1000);
      export const handler = (e, c, back) => back(null, 1);`);
    await running.emulator.invoke('traced', {});
    const { startUnixMs, responseUnixMs } = running.environments('traced')[0]!.invocations[0]!;
    expect(responseUnixMs! - startUnixMs).toBeLessThan(900);
  });

  it('is told of with what it does behind its answer, before the environment is frozen', async () => {
    const running = await start(`
      import { createServer } from 'node:http';
      const work = () => {
        const server = createServer((request, response) => response.end());
        server.listen(0, async () => {
          await fetch('http://127.0.0.1:' + server.address().port);
          server.closeAllConnections();
          server.close();
        });
      };
      export const handler = (e, c, back) => { back(null, 1); setTimeout(work, 50); };`);
    await running.emulator.invoke('traced', {});
    await here.collector.waitForSpan(isType('call'));
  });

  it('tells the page of a result that it calls back with', async () => {
    const running = await start(
      'export const handler = (e, c, back) => { setTimeout(back, 50, null, { statusCode: 201, body: "x" }); };',
    );
    const response = await fetch(running.emulator.functionUrls['traced']!);
    expect([response.status, await response.text()]).toEqual([201, 'x']);
    expect(response.headers.get('server-timing')).toMatch(/handler;dur=([5-9]\d|\d{3})/);
  });
});

describe.each(['nodejs24.x', 'nodejs22.x'] as const)('a handler in whatever form (%s)', (runtime) => {
  const files: Record<string, string> = {
    'cjs.cjs': 'exports.handler = async () => [typeof module, require.main === module];',
    'plain.js':
      'exports.handler = async () => typeof require; exports.deep = { er: exports.handler }; exports.fn = () => 1; exports.fn.in = async () => "in";',
    'esmodule.js': 'export const handler = async () => typeof require;',
    'awaits.js': 'export const handler = await (async () => async () => "awaited")();',
    'bundle.js': `"use strict"; var __defProp = Object.defineProperty;
      var __export = (target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); };
      var index_exports = {}; __export(index_exports, { handler: () => handler });
      module.exports = ((mod) => Object.freeze(__defProp({ ...mod }, "__esModule", { value: true })))(index_exports);
      var handler = async () => "bundled";`,
    'default.mjs': 'export default { handler: async () => "default" };',
    'module.mjs':
      'const { a } = await import("./a.mjs"); export const handler = async () => a; export const nested = { handler };',
    'a.mjs': 'export const a = "a";',
    'nested/folder/deep.mjs': 'export const handler = async () => "nested";',
    'typed/package.json': '{"type":"module"}',
    'typed/index.js': 'export const handler = async () => typeof require;',
    'typed/node_modules/x/index.js': 'exports.handler = async () => "a package";',
    'broken/package.json': '{',
    'broken/index.js': 'exports.handler = async () => "broken";',
    'folder/index.js': 'exports.handler = async () => "folder";',
    'both.js': 'exports.handler = async () => "js";',
    'both.mjs': 'export const handler = async () => "mjs";',
    'empty.js': 'module.exports = undefined;',
    'empty.mjs': 'export const handler = async () => "not empty";',
    'throws.js': 'throw new RangeError("while loading");',
    'syntax.js': 'exports.handler = async () => {',
    'missing.js': 'require("no-such-package");',
  };
  const handlers = [
    'cjs.handler',
    'plain.handler',
    'plain.deep.er',
    'plain.fn.in',
    'plain.none',
    'plain.none.er',
    'esmodule.handler',
    'awaits.handler',
    'bundle.handler',
    'default.handler',
    'default.default.handler',
    'module.handler',
    'module.nested.handler',
    'nested/folder/deep.handler',
    'typed/index.handler',
    'typed/node_modules/x/index.handler',
    'broken/index.handler',
    'folder.handler',
    'both.handler',
    'empty.handler',
    'throws.handler',
    'syntax.handler',
    'missing.handler',
    'absent.handler',
  ];
  let code: Code;
  beforeAll(async () => {
    code = await writeCode('', files);
  });
  afterAll(() => code.remove());

  it('is loaded, runs and fails as without us', async () => {
    const config = { codeDir: code.codeDir, timeoutMs: 5000, runtime };
    const emulator = await startEmulator({
      functions: handlers.flatMap((handler, i) => [
        { ...config, handler, name: `bare${i}` },
        {
          ...withLayer({ source: '', name: '' }, here.collector.url),
          ...config,
          handler,
          name: `traced${i}`,
        },
      ]),
    });
    try {
      for (const [i, handler] of handlers.entries()) {
        const bare = await emulator.invoke(`bare${i}`, {});
        const traced = await emulator.invoke(`traced${i}`, {});
        expect(toComparable(traced), handler).toEqual(toComparable(bare));
        if (!bare.functionError) await here.collector.waitForSpan(isInvocation(traced.requestId));
      }
    } finally {
      await emulator.stop();
    }
  }, 120_000);
});

/** Without what differs from call to call, and the frames and require stacks that are the client's own or ours. */
function toComparable({ functionError, payload }: { functionError: unknown; payload: unknown }): unknown {
  if (!functionError) return payload;
  const { trace: _, stackTrace: __, requestId: ___, ...rest } = payload as Record<string, unknown>;
  return JSON.stringify(rest)
    .replace(/\\nRequire stack:[^"]*/, '')
    .replace(/imported from \S+/, '')
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'id');
}

describe('an error that a handler throws', () => {
  it('is told with its causes, and without credentials', async () => {
    const stage = await here.start([
      withLayer(
        {
          name: 'f',
          source: `
          const query = async () => { throw new TypeError('connect postgres://me:hunter22@db/x'); };
          export const handler = async () => {
            try { await query(); } catch (cause) { throw new Error('no orders', { cause }); }
          };`,
        },
        here.collector.url,
      ),
    ]);
    const { payload } = await stage.emulator.invoke('f', {});
    // What the caller sees is not ours to change.
    expect(payload).toMatchObject({ errorType: 'Error', errorMessage: 'no orders' });
    const [{ attributes } = { attributes: {} }] = (await here.collector.waitForSpan(isInvocation())).events;
    const stack = String((attributes as Record<string, unknown>)['exception.stacktrace']);
    expect(stack).toMatch(
      /^Error: no orders\n[^]*\nCaused by: TypeError: connect postgres:\/\/\*@db\/x\n +at query/,
    );
  });
});
