import { afterEach, describe, expect, it } from 'vitest';
import type { EnvironmentRecord, RuntimeName } from '@clickspan/emulator';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';

/** The collector's time to answer. */
const SLOW_MS = 150;
/** As many follow the first before the environment is busy. */
const TO_BE_BUSY = 5;
/** What is in memory alone has ended at most so long after a request was sent (docs/lambda.md). */
const LONGEST_HOLD_MS = 200;

const SOURCE = `
  if (process.env.OWN_LISTENER) process.once('SIGTERM', () => setTimeout(() => {
    console.log('my own end');
    process.exit(0);
  }, 300));
  export const handler = async (event) => {
    console.log('line of ' + event.n);
    if (event.hangs) await new Promise((resolve) => setTimeout(resolve, 60_000));
    return event.n;
  };
`;

interface Busy {
  readonly stage: Stage;
  readonly environment: () => EnvironmentRecord;
  /** Invokes the function, and waits until its environment stands still; gives the request's id. */
  readonly invoke: () => Promise<string>;
  /** Invokes it until what the last invocation tells is in the environment's memory alone. */
  readonly invokeUntilHeld: () => Promise<void>;
  readonly requestIds: string[];
}

let collector: FakeCollector;
let running: Stage | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await collector.stop();
});

/** A function whose environment is just not busy yet. */
async function start(
  more: Readonly<Record<string, string>> = {},
  runtime: RuntimeName = 'nodejs24.x',
): Promise<Busy> {
  collector = await startFakeCollector();
  const environment = {
    CLICKSPAN_FLUSH: 'overlap',
    CLICKSPAN_LOGS: 'all',
    OTEL_METRICS_EXPORTER: 'otlp',
    ...more,
  };
  const config = { name: 'f', source: SOURCE, runtime, timeoutMs: 2000, environment };
  const stage = await startStage([withLayer(config, collector.url)]);
  running = stage;
  const requestIds: string[] = [];
  const busy: Busy = {
    stage,
    requestIds,
    environment: () => stage.environments()[0]!,
    async invoke() {
      const { requestId } = await stage.emulator.invoke('f', { n: requestIds.length });
      requestIds.push(requestId);
      await until('frozen', () => busy.environment().frozen);
      return requestId;
    },
    async invokeUntilHeld() {
      for (let n = 0; n < 50; n++) if (!isTold(await busy.invoke())) return;
      throw new Error('nothing was held');
    },
  };
  for (let n = 0; n < TO_BE_BUSY; n++) await busy.invoke();
  return busy;
}

function isTold(requestId: string): boolean {
  return collector.spans.some(isInvocation(requestId));
}

/** How long it took from each response until the environment could be frozen, ms. */
function toTailsMs({ environment }: Busy): number[] {
  return environment().invocations.map(({ responseUnixMs, endUnixMs }) => endUnixMs! - responseUnixMs!);
}

/** All signals tell of each invocation once. */
function expectAllOnce({ requestIds }: Busy): void {
  const ids = collector.spans
    .filter(isInvocation())
    .map(({ attributes }) => String(attributes['faas.invocation_id']));
  expect(ids.toSorted()).toEqual(requestIds.toSorted());
  const lines = collector.logs.map(({ body }) => body).filter((body) => body.startsWith('line of '));
  expect(lines.toSorted()).toEqual(requestIds.map((_, n) => `line of ${n}`).toSorted());
  const counts = collector.points.filter(({ name }) => name === 'faas.invocations').map(({ sum }) => sum);
  expect(counts.reduce((all, count) => all + count, 0)).toBe(requestIds.length);
}

describe('a function that lets its export overlap with the next invocation', () => {
  it.each<RuntimeName>(['nodejs24.x', 'nodejs22.x'])(
    'is held for the collector until it is busy, then not, and tells all at its end (%s)',
    async (runtime) => {
      const busy = await start({}, runtime);
      collector.behave('slow', SLOW_MS);
      await busy.invokeUntilHeld();
      for (let n = 0; n < 10; n++) await busy.invoke();
      await busy.invokeUntilHeld();
      const tailsMs = toTailsMs(busy).slice(TO_BE_BUSY);
      expect(tailsMs.toSorted((a, b) => a - b)[Math.floor(tailsMs.length / 2)]).toBeLessThan(SLOW_MS / 2);
      // SHUTDOWN: an internal extension is not told, the runtime gets a signal.
      await busy.stage.emulator.stop();
      expectAllOnce(busy);
    },
    60_000,
  );

  it('is held for the collector while it is not busy', async () => {
    const busy = await start();
    collector.behave('slow', SLOW_MS);
    await sleep(2100);
    const before = busy.requestIds.length;
    for (let n = 0; n < TO_BE_BUSY; n++) await busy.invoke();
    for (const tailMs of toTailsMs(busy).slice(before)) expect(tailMs).toBeGreaterThanOrEqual(SLOW_MS);
    expectAllOnce(busy);
  }, 60_000);

  it('tells all where the function has its own way to end', async () => {
    const busy = await start({ OWN_LISTENER: '1' });
    collector.behave('slow', SLOW_MS);
    await busy.invokeUntilHeld();
    await busy.stage.emulator.stop();
    expect(busy.stage.log.some((line) => line.includes('my own end'))).toBe(true);
    expectAllOnce(busy);
  }, 60_000);

  it('loses at most what ended just after the last request, when it is killed without notice', async () => {
    const busy = await start();
    collector.behave('slow', SLOW_MS);
    for (let n = 0; n < 20; n++) await busy.invoke();
    await busy.invokeUntilHeld();
    const { processGroupId, invocations } = busy.environment();
    process.kill(-processGroupId!, 'SIGKILL');
    await sleep(2 * SLOW_MS);
    const lastUnixMs = Math.max(
      ...collector.requests.filter(({ path }) => path === '/v1/traces').map(({ startUnixMs }) => startUnixMs),
    );
    const lost = invocations.filter(({ requestId }) => !isTold(requestId));
    expect(lost.length).toBeGreaterThan(0);
    for (const { responseUnixMs } of lost) {
      expect(responseUnixMs!).toBeGreaterThan(lastUnixMs);
      expect(responseUnixMs!).toBeLessThan(lastUnixMs + LONGEST_HOLD_MS);
    }
  }, 60_000);

  it('sends again, once, what a collector had not taken that closed its connections during the freeze', async () => {
    const busy = await start();
    collector.behave('hang');
    const requestId = await busy.invoke();
    await until('written', () => collector.requests.some(({ body }) => body.includes(requestId)));
    expect(isTold(requestId)).toBe(false);
    collector.dropConnections();
    collector.behave('ok');
    await sleep(100);
    await busy.invoke();
    await busy.invoke();
    await until('all told', () => busy.requestIds.every(isTold));
    expectAllOnce(busy);
  }, 60_000);

  it('tells what it held back, and the invocation itself, when one runs into the timeout', async () => {
    const busy = await start();
    collector.behave('slow', SLOW_MS);
    await busy.invokeUntilHeld();
    collector.behave('ok');
    const { functionError, requestId } = await busy.stage.emulator.invoke('f', {
      n: busy.requestIds.length,
      hangs: true,
    });
    expect(functionError).toBeDefined();
    for (const id of [...busy.requestIds, requestId])
      expect(collector.spans.filter(isInvocation(id))).toHaveLength(1);
    const timedOut = collector.spans.find(isInvocation(requestId))!;
    expect(timedOut.attributes['error.type']).toBe('timeout');
  }, 60_000);
});
