import { afterEach, describe, expect, it } from 'vitest';
import { listProcessGroup } from '@clickspan/emulator';
import type { EnvironmentRecord } from '@clickspan/emulator';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { runtimeClientsToTest, sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';

const INVOCATIONS = 200;
/** Every so many invocations the environment is kept frozen for a while. */
const HELD_EVERY = 40;
const HELD_MS = 2000;

/** Counts every 10 ms; says how far it had come when a handler began and ended. */
const COUNTER = `
  let ticks = 0;
  setInterval(() => ticks++, 10);
  export const handler = async () => {
    const before = ticks;
    await new Promise((resolve) => setTimeout(resolve, 2));
    return { before, after: ticks };
  };
`;

let collector: FakeCollector;
let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  await collector.stop();
});

describe.each(runtimeClientsToTest())(
  'an environment that is frozen after every invocation (%s)',
  (runtimeClient) => {
    it('has brought its span to the collector, exactly once, before it stands still', async () => {
      collector = await startFakeCollector();
      stage = await startStage([withLayer({ name: 'f', source: COUNTER }, collector.url)], { runtimeClient });
      const running = stage;
      const environment = (): EnvironmentRecord => running.environments()[0]!;
      for (let i = 1; i <= INVOCATIONS; i++) {
        const { requestId, payload } = await running.emulator.invoke('f', { i });
        await until('frozen', () => environment().frozen);
        expect(collector.spans.filter(isInvocation(requestId))).toHaveLength(1);
        if (i % HELD_EVERY !== 0) continue;
        const held = listProcessGroup(environment().processGroupId!).map(({ state }) => state);
        expect(new Set(held)).toEqual(new Set(['T']));
        await sleep(HELD_MS);
        const next = await running.emulator.invoke('f', {});
        await until('frozen', () => environment().frozen);
        const [{ after }, { before }] = [payload, next.payload] as [{ after: number }, { before: number }];
        expect(before - after).toBeLessThan(HELD_MS / 10 / 4);
      }
      expect(running.environments()).toHaveLength(1);
      const ids = collector.spans
        .filter(isInvocation())
        .map(({ attributes }) => attributes['faas.invocation_id']);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(INVOCATIONS + INVOCATIONS / HELD_EVERY);
    }, 240_000);

    it('loses and doubles nothing when the answers of a slow collector come while it is frozen', async () => {
      collector = await startFakeCollector();
      collector.behave('slow', 500);
      stage = await startStage([withLayer({ name: 'f', source: COUNTER }, collector.url)], { runtimeClient });
      const running = stage;
      const requestIds: string[] = [];
      for (let i = 0; i < 8; i++) {
        requestIds.push((await running.emulator.invoke('f', {})).requestId);
        await until('frozen', () => running.environments()[0]!.frozen);
        // Long enough for the answer to come during the freeze, every second time.
        if (i % 2 === 0) await sleep(700);
      }
      // An environment that is not asked any more keeps what it could not send; one more invocation lets it.
      await until('all spans have come', async () => {
        if (requestIds.every((id) => collector.spans.some(isInvocation(id)))) return true;
        await running.emulator.invoke('f', {});
        return false;
      });
      for (const id of requestIds) expect(collector.spans.filter(isInvocation(id))).toHaveLength(1);
    }, 60_000);
  },
);
