import { describe, expect, it } from 'vitest';
import { createSampler, createTokenBucket } from './sampling.ts';
import type { SamplerInit, SamplerName } from './sampling.ts';

const parentOf = (traceFlags: number, traceId = 'f'.repeat(32)): never =>
  ({ traceId, spanId: '1'.repeat(16), traceFlags }) as never;
const LOW = '0'.repeat(31) + '1';
const HIGH = 'f'.repeat(32);
const create = (sampler: SamplerName, change: Partial<SamplerInit> = {}): ReturnType<typeof createSampler> =>
  createSampler({ sampler, ratio: 0.25, takeTrust: () => true, random: () => 0.99, ...change });

describe('a sampler', () => {
  it.each<[SamplerName, boolean, boolean, boolean, boolean]>([
    // name, root of a low id, root of a high id, with a sampled parent, with another
    ['always_on', true, true, true, true],
    ['always_off', false, false, false, false],
    ['traceidratio', true, false, false, false],
    ['parentbased_always_on', true, true, true, false],
    ['parentbased_always_off', false, false, true, false],
    ['parentbased_traceidratio', true, false, true, false],
  ])('%s', (name, low, high, sampled, unsampled) => {
    const sampler = create(name);
    expect([sampler.sampleRoot(LOW), sampler.sampleRoot(HIGH)]).toEqual([low, high]);
    expect([sampler.decide(parentOf(1), false), sampler.decide(parentOf(2), false)]).toMatchObject([
      { sampled },
      { sampled: unsampled },
    ]);
  });

  it('records about the share that was asked for', () => {
    const { sampleRoot } = create('traceidratio');
    const random = Array.from({ length: 4000 }, () => sampleRoot(crypto.randomUUID().replaceAll('-', '')));
    expect(random.filter(Boolean).length / 4000).toBeGreaterThan(0.2);
    expect(random.filter(Boolean).length / 4000).toBeLessThan(0.3);
  });

  it('does not let a stranger decide beyond what is trusted, not by the choice of the trace id either', () => {
    const sampler = create('parentbased_traceidratio', { takeTrust: () => false });
    expect(sampler.decide(parentOf(1, LOW), true)).toEqual({ sampled: false, ours: true });
    expect(sampler.decide(parentOf(1, LOW), false)).toEqual({ sampled: true, ours: false });
    // What the caller does not want recorded costs nothing: that is always believed.
    expect(sampler.decide(parentOf(0), true)).toEqual({ sampled: false, ours: false });
  });

  it('asks for no trust where everything is recorded anyway', () => {
    const sampler = create('parentbased_always_on', {
      takeTrust: () => {
        throw new Error('asked');
      },
    });
    expect(sampler.decide(parentOf(1), true)).toEqual({ sampled: true, ours: false });
  });
});

describe('a token bucket', () => {
  it('gives as many at once as in a second, and then by the rate', () => {
    let now = 0;
    const take = createTokenBucket(2, () => now);
    expect([take(), take(), take()]).toEqual([true, true, false]);
    now = 500;
    expect([take(), take()]).toEqual([true, false]);
    now = -10_000;
    expect(take()).toBe(false);
    now = 3_600_000;
    expect([take(), take(), take()]).toEqual([true, true, false]);
  });

  it('gives none, or one in a while', () => {
    let now = 0;
    const none = createTokenBucket(0, () => now);
    const rare = createTokenBucket(0.1, () => now);
    expect([none(), rare(), rare()]).toEqual([false, true, false]);
    now = 10_000;
    expect([none(), rare(), rare()]).toEqual([false, true, false]);
  });
});
