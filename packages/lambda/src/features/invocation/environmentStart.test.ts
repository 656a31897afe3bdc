import { describe, expect, it } from 'vitest';
import { createEnvironmentStart } from './environmentStart.ts';

const start = (): { environment: ReturnType<typeof createEnvironmentStart>; at: (ms: number) => void } => {
  let now = 1000;
  const environment = createEnvironmentStart({
    now: () => now,
    initStartUnixMs: 1000,
    initializationType: 'on-demand',
  });
  return {
    environment,
    at: (ms) => {
      now = 1000 + ms;
    },
  };
};

describe('the start of an environment', () => {
  it('is told to the first invocation only', () => {
    const { environment, at } = start();
    at(300);
    environment.initialized();
    expect(environment.invoke(1305)).toEqual({ cold: true, initMs: 300, initEndUnixMs: 1300 });
    expect(environment.invoke(1400)).toMatchObject({ cold: false, initMs: undefined });
  });

  it('ends with the first invocation where nobody told its end', () => {
    const { environment, at } = start();
    at(100);
    environment.loading();
    expect(environment.invoke(1250)).toEqual({ cold: true, initMs: 250, initEndUnixMs: 1250 });
  });

  it('was not waited for when the environment had been idle for long, told or not', () => {
    for (const mark of ['initialized', 'loading'] as const) {
      const { environment, at } = start();
      at(100);
      environment[mark]();
      expect(environment.invoke(20_000)).toEqual({ cold: false, initMs: 100, initEndUnixMs: 1100 });
    }
  });
});
