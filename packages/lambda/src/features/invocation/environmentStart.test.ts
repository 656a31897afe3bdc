import { describe, expect, it } from 'vitest';
import { createEnvironmentStart } from './environmentStart.ts';
import type { EnvironmentStartInit } from './environmentStart.ts';

const start = (
  change: Partial<EnvironmentStartInit> = {},
): { environment: ReturnType<typeof createEnvironmentStart>; at: (ms: number) => void } => {
  let now = 1000;
  const environment = createEnvironmentStart({
    now: () => now,
    initStartUnixMs: 1000,
    initializationType: 'on-demand',
    restarted: false,
    ...change,
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
    environment.part({ name: 'load code', startUnixMs: 1010, endUnixMs: 1290 });
    at(300);
    environment.initialized();
    expect(environment.invoke(1305)).toEqual({
      cold: true,
      proactive: false,
      suppressed: false,
      type: 'on-demand',
      startUnixMs: 1000,
      endUnixMs: 1300,
      parts: [{ name: 'load code', startUnixMs: 1010, endUnixMs: 1290 }],
    });
    expect(environment.invoke(1400)).toBeUndefined();
  });

  it('ends with the first invocation where nobody told its end', () => {
    const { environment, at } = start();
    at(100);
    environment.loading();
    expect(environment.invoke(1250)).toMatchObject({ cold: true, endUnixMs: 1250 });
  });

  it('was not waited for when the environment had been idle for long, told or not', () => {
    for (const mark of ['initialized', 'loading'] as const) {
      const { environment, at } = start();
      at(100);
      environment[mark]();
      expect(environment.invoke(20_000)).toMatchObject({ cold: false, proactive: true, endUnixMs: 1100 });
    }
  });

  it('was waited for after a crash, whatever the type of the environment', () => {
    const { environment } = start({ restarted: true, initializationType: 'provisioned-concurrency' });
    environment.initialized();
    expect(environment.invoke(1010)).toMatchObject({ cold: true, suppressed: true });
  });
});
