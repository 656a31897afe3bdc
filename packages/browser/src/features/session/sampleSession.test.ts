import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shouldSample } from './sampleSession.ts';

const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

describe('shouldSample', () => {
  it('takes all of 1 and none of 0', () => {
    fc.assert(
      fc.property(hex(32), (id) => {
        expect(shouldSample(id, 1)).toBe(true);
        expect(shouldSample(id, 0)).toBe(false);
      }),
    );
  });

  it('keeps at a higher ratio what it keeps at a lower one, whatever the first bits are', () => {
    fc.assert(
      fc.property(hex(32), hex(18), fc.double({ min: 0, max: 1, noNaN: true }), (id, head, ratio) => {
        const sampled = shouldSample(id, ratio);
        expect(shouldSample(head + id.slice(18), ratio)).toBe(sampled);
        if (sampled) expect(shouldSample(id, Math.min(1, ratio * 1.5))).toBe(true);
      }),
    );
  });

  it.each([
    ['80000000000000', 0.5, true],
    ['7fffffffffffff', 0.5, false],
    ['e6666666666666', 0.1, false],
    ['e6666666666670', 0.1, true],
  ])('%s at %f: %s', (tail, ratio, expected) => {
    expect(shouldSample('0'.repeat(18) + tail, ratio)).toBe(expected);
  });
});
