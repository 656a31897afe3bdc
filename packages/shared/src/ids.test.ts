import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource } from './ids.ts';

describe('createIdSource', () => {
  it('makes ids of lower-case hex, all different', () => {
    const ids = createIdSource((bytes) => crypto.getRandomValues(bytes));
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const traceId = ids.traceId();
      const spanId = ids.spanId();
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
      seen.add(traceId).add(spanId);
    }
    expect(seen.size).toBe(4000);
  });

  it('writes the bytes that it was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (source) => {
        fc.pre(source.some(Boolean));
        const ids = createIdSource((bytes) => (bytes.set(source), bytes));
        expect(ids.traceId()).toBe(Buffer.from(source).toString('hex'));
      }),
    );
  });

  it('draws again rather than give an id of zeros', () => {
    const ids = createIdSource((bytes) => bytes.fill(0, 0, 40).fill(7, 40));
    expect(ids.spanId()).toBe('07'.repeat(8));
  });
});
