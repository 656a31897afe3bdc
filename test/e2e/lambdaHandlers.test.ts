import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';

let collector: FakeCollector;
let stage: Stage | undefined;
beforeEach(async () => {
  collector = await startFakeCollector();
});
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  await collector.stop();
});

describe('a handler on a runtime client before version 4', () => {
  const start = async (source: string, handler = 'index.handler'): Promise<Stage> => {
    const config = { source, handler, timeoutMs: 3000, runtime: 'nodejs22.x' as const };
    stage = await startStage(
      [{ ...config, name: 'bare' }, withLayer({ ...config, name: 'traced' }, collector.url)],
      { functionUrls: [{ function: 'bare' }, { function: 'traced' }] },
    );
    return stage;
  };

  it.each([
    ['calls back', '(e, c, back) => { setTimeout(back, 50, null, { a: 1 }); }', 0],
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
    ['calls a method of the context', '(e, c) => { setTimeout(() => c.succeed("ok"), 50); }', 0],
    ['throws', '(e, c, back) => { throw new TypeError("x"); }', 2],
    ['gives a promise', 'async (e, c, back) => { await null; return [typeof back, handler.length]; }', 0],
    ['gives a value, which is ignored', '() => 7', 0],
    ['never settles', '() => new Promise(() => {})', 0],
    ['calls back twice', '(e, c, back) => { back(null, 1); back(null, 2); }', 0],
  ])('is answered and ends as without us, where it %s', async (_, handler, status) => {
    const running = await start(`export const handler = ${handler};`);
    const bare = await running.emulator.invoke('bare', {});
    const traced = await running.emulator.invoke('traced', {});
    const { functionError, payload } = traced;
    const comparable = (value: unknown): string =>
      JSON.stringify(value)?.replaceAll(/"(stackTrace|trace)":\[[^\]]*\]/g, '');
    expect([functionError, comparable(payload)]).toEqual([bare.functionError, comparable(bare.payload)]);
    const span = await collector.waitForSpan(isInvocation(traced.requestId));
    expect(span.status.code).toBe(status);
    await until('the environment rests', () => running.environments('traced')[0]!.frozen);
    const [{ startUnixMs, endUnixMs } = { startUnixMs: 0, endUnixMs: 0 }] =
      running.environments('traced')[0]!.invocations;
    // Never held until the deadline.
    expect(endUnixMs! - startUnixMs).toBeLessThan(2000);
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

describe('an error that a handler throws', () => {
  it('is told with its causes, and without credentials', async () => {
    stage = await startStage([
      withLayer(
        {
          name: 'f',
          source: `
          const query = async () => { throw new TypeError('connect postgres://me:hunter22@db/x'); };
          export const handler = async () => {
            try { await query(); } catch (cause) { throw new Error('no orders', { cause }); }
          };`,
        },
        collector.url,
      ),
    ]);
    const { payload } = await stage.emulator.invoke('f', {});
    // What the caller sees is not ours to change.
    expect(payload).toMatchObject({ errorType: 'Error', errorMessage: 'no orders' });
    const [{ attributes } = { attributes: {} }] = (await collector.waitForSpan(isInvocation())).events;
    const stack = String((attributes as Record<string, unknown>)['exception.stacktrace']);
    expect(stack).toMatch(
      /^Error: no orders\n[^]*\nCaused by: TypeError: connect postgres:\/\/\*@db\/x\n +at query/,
    );
  });
});
