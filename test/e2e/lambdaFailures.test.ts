import { describe, expect, it } from 'vitest';
import type { RuntimeName } from '@clickspan/emulator';
import type { ReceivedSpan } from '../support/collector.ts';
import { until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';
import { useTestStage } from '../support/testStage.ts';

const RUNTIMES: readonly RuntimeName[] = ['nodejs24.x', 'nodejs22.x'];

const EMPTY: [string, number | undefined][] = [['empty', undefined]];

/** Dies as the event says; otherwise answers. */
const MORTAL = `
  import { writeFileSync } from 'node:fs';
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const deaths = {
    exit: () => process.exit(7),
    exitLater: async () => { await wait(30); process.exit(0); },
    throwLater: async () => { setTimeout(() => { throw new RangeError('nobody catches it'); }, 30); await wait(1000); },
    reject: async () => { Promise.reject(new RangeError('nobody catches it')); await wait(1000); },
    rejectNothing: async () => { Promise.reject(undefined); await wait(1000); },
    abort: () => process.abort(),
    kill: async () => { await wait(30); process.kill(process.pid, 'SIGKILL'); await wait(1000); },
    empty: () => new Promise(() => {}),
    busy: () => { for (;;); },
    hang: () => wait(60_000),
    memory: async () => { const all = []; for (;;) { all.push(new Array(1e6).fill(all.length)); await wait(60); } },
    call: async () => { fetch(process.env.UPSTREAM).catch(() => {}); await wait(50); process.exit(3); },
  };
  export const handler = async (event) => (event?.die ? deaths[event.die]() : 'alive');`;

const here = useTestStage();

describe.each(RUNTIMES)('a function whose process dies (%s)', (runtime) => {
  const start = async (config: Partial<StageFunction> = {}): Promise<Stage> => {
    const environment = { UPSTREAM: `${here.collector.url}/never`, ...(config.environment as object) };
    const stage = await here.start([
      withLayer(
        { source: MORTAL, timeoutMs: 1500, runtime, ...config, name: 'f', environment },
        here.collector.url,
      ),
    ]);
    return stage;
  };
  /** Until then, another environment would be started for the next event. */
  const reset = (running: Stage): Promise<void> =>
    until('the environment has been reset', () => running.environments('f')[0]!.state === 'idle');
  /** Lets the function die, and asks it once more; gives what is told of the invocation that died. */
  const die = async (how: string, config?: Partial<StageFunction>): Promise<ReceivedSpan> => {
    const running = await start(config);
    const dead = await running.emulator.invoke('f', { die: how });
    expect(dead.functionError).toBeTruthy();
    await reset(running);
    const { payload, requestId } = await running.emulator.invoke('f', {});
    expect(payload).toBe('alive');
    const next = await here.collector.waitForSpan(isInvocation(requestId));
    expect(next.attributes).toMatchObject({ 'faas.coldstart': true, 'clickspan.init.suppressed': true });
    const spans = await here.collector.waitForSpans(1, isInvocation(dead.requestId));
    expect(spans).toHaveLength(1);
    expect(spans[0]!.status.code).toBe(2);
    expect(spans[0]!.resource['faas.instance']).toBe(next.resource['faas.instance']);
    expect(spans[0]!.endUnixMs).toBeLessThan(next.startUnixMs);
    return spans[0]!;
  };

  it.each<[string, number | undefined]>([
    ['exit', 7],
    ['exitLater', 0],
    // Before, the runtime client answers for it.
    ...(runtime === 'nodejs24.x' ? EMPTY : []),
  ])('tells of it in its next process, where it has ended itself: %s', async (how, code) => {
    const span = await die(how);
    expect(span.attributes).toMatchObject({
      'error.type': 'Runtime.ExitError',
      'clickspan.end_reason': 'exit',
      'faas.coldstart': true,
    });
    if (code !== undefined) expect(span.status.message).toContain(`exit status ${code}`);
  });

  it.each(['throwLater', 'reject'])('tells what nobody has caught: %s', async (how) => {
    const span = await die(how);
    expect(span.attributes).toMatchObject({ 'error.type': 'RangeError', 'clickspan.end_reason': 'exit' });
    expect(span.status.message).toBe('nobody catches it');
    expect(span.events[0]!.attributes['exception.stacktrace']).toContain('index.mjs');
    expect(span.endUnixMs - span.startUnixMs).toBeLessThan(1000);
  });

  it('tells of a rejection with nothing', async () => {
    expect((await die('rejectNothing')).attributes['clickspan.end_reason']).toBe('exit');
  });

  it.each(['abort', 'kill'])('tells of it where it could not say a word: %s', async (how) => {
    expect((await die(how)).attributes).toMatchObject({
      'error.type': 'Runtime.ExitError',
      'clickspan.end_reason': 'killed',
    });
  });

  it('tells of a timeout that came while it was busy', async () => {
    expect((await die('busy')).attributes).toMatchObject({
      'error.type': 'timeout',
      'clickspan.end_reason': 'timeout',
    });
  });

  it('tells of it where it had no memory left', async () => {
    const span = await die('memory', { timeoutMs: 10_000, memoryMb: 128 });
    expect(span.attributes).toMatchObject({
      'error.type': 'Runtime.OutOfMemory',
      'clickspan.end_reason': 'out_of_memory',
    });
  }, 60_000);

  it('tells of the calls that were open', async () => {
    here.collector.behave('hang');
    const running = await start();
    const dead = await running.emulator.invoke('f', { die: 'call' });
    here.collector.behave('ok');
    await reset(running);
    await running.emulator.invoke('f', {});
    const invocation = await here.collector.waitForSpan(isInvocation(dead.requestId));
    const call = await here.collector.waitForSpan(
      (span) => isType('call')(span) && span.parentSpanId === invocation.spanId,
    );
    expect(call.attributes['clickspan.end_reason']).toBe('exit');
  });

  it('tells of each where one process dies after the other', async () => {
    const running = await start();
    const dead: string[] = [];
    for (const how of ['kill', 'kill', 'exitLater', 'kill']) {
      dead.push((await running.emulator.invoke('f', { die: how })).requestId);
      await reset(running);
    }
    await running.emulator.invoke('f', {});
    for (const requestId of dead)
      expect(await here.collector.waitForSpans(1, isInvocation(requestId))).toHaveLength(1);
  });

  it('tells of a timeout once, by itself', async () => {
    const span = await die('hang');
    expect(span.attributes).toMatchObject({ 'error.type': 'timeout', 'clickspan.end_reason': 'timeout' });
  });

  it('tells of a timeout in its next process, where the collector did not answer in time', async () => {
    here.collector.behave('hang');
    const running = await start();
    const dead = await running.emulator.invoke('f', { die: 'hang' });
    expect(here.collector.spans.filter(isInvocation(dead.requestId))).toHaveLength(0);
    here.collector.behave('ok');
    await reset(running);
    await running.emulator.invoke('f', {});
    const span = await here.collector.waitForSpan(isInvocation(dead.requestId));
    expect(span.attributes['error.type']).toBe('timeout');
  });

  it.each([
    ['cannot be written', { TMPDIR: '/proc/none' }],
    ['is not wanted', { CLICKSPAN_CRASH_MARKER: 'false' }],
  ])('works without the file in /tmp, where that %s', async (_, environment) => {
    const running = await start({ environment });
    await running.emulator.invoke('f', { die: 'kill' });
    await reset(running);
    const { payload, requestId } = await running.emulator.invoke('f', {});
    expect(payload).toBe('alive');
    const next = await here.collector.waitForSpan(isInvocation(requestId));
    expect(next.attributes['clickspan.init.suppressed']).toBeUndefined();
  });

  it('ends as it does without us', async () => {
    for (const how of ['exit', 'throwLater', 'reject', 'empty', 'abort']) {
      const config = { source: MORTAL, timeoutMs: 1500, runtime };
      const stage = await here.start([
        { ...config, name: 'bare' },
        withLayer({ ...config, name: 'traced' }, here.collector.url),
      ]);
      const [bare, traced] = [
        await stage.emulator.invoke('bare', { die: how }),
        await stage.emulator.invoke('traced', { die: how }),
      ];
      const comparable = ({ functionError, payload, requestId }: typeof bare): unknown => [
        functionError,
        // Where an error was thrown differs by the folder of the code.
        JSON.stringify(payload)
          .replaceAll(requestId, 'id')
          .replaceAll(/"(stackTrace|trace)":\[[^\]]*\]/g, ''),
      ];
      expect(comparable(traced), how).toEqual(comparable(bare));
    }
  }, 120_000);
});
