import { describe, expect, it } from 'vitest';
import { decideRestart } from './restartPolicy.ts';

describe('decideRestart', () => {
  it('starts again almost at once after a long life', () => {
    expect(decideRestart({ livedMs: 3_600_000, failures: 9 })).toEqual({ delayMs: 50, failures: 1 });
  });

  it('waits longer each time that the engine dies young, but never for long', () => {
    const delays: number[] = [];
    let failures = 0;
    for (let i = 0; i < 12; i++) {
      const decision = decideRestart({ livedMs: 10, failures });
      delays.push(decision.delayMs);
      failures = decision.failures;
    }
    expect(delays.slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(Math.max(...delays)).toBe(5_000);
  });
});
