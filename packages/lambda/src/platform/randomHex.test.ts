import { expect, it } from 'vitest';
import { readRandomHex } from './randomHex.ts';

it('every text has as many digits as are asked for, and others', () => {
  const seen = Array.from({ length: 50 }, () => readRandomHex(32));
  expect(new Set(seen).size).toBe(50);
  for (const digits of seen) expect(digits).toMatch(/^[\da-f]{32}$/);
  expect(new Set(readRandomHex(8192).match(/../g)).size).toBeGreaterThan(200);
});
