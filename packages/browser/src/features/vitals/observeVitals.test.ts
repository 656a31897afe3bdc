// @vitest-environment jsdom
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { observeVitals } from './observeVitals.ts';

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

it('leaves nothing of the agent with the library, which listens for ever, when vitals are stopped', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // jsdom has none, and with it the library waits for the page to be restored.
  performance.getEntriesByType = () => [{ responseStart: 1 } as unknown as PerformanceEntry];
  const recorded: unknown[] = [];
  const observe = (): [agent: WeakRef<object>, stop: () => void] => {
    const actions = { at: () => undefined };
    const stop = observeVitals({
      window,
      guard: (run) => run(),
      clock: { now: () => 0, fromTimeStamp: (ms) => ms },
      afterLoad(run) {
        run();
        return () => {};
      },
      actions,
      emit: ({ attributes }) => recorded.push(attributes['browser.web_vital.name']),
    });
    return [new WeakRef(actions), stop];
  };
  const restore = async (): Promise<void> => {
    dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await wait(10);
  };
  let [agent, stop] = observe();
  await wait(50);
  await restore();
  expect(recorded).toEqual(['ttfb', 'ttfb']);
  stop();
  stop = () => {};
  collect();
  await restore();
  collect();
  expect(recorded).toHaveLength(2);
  expect(agent.deref()).toBeUndefined();
});
