import { expect, it } from 'vitest';
import { readRandomBytes } from './randomBytes.ts';

it('every array is filled whole, and with other bytes', () => {
  const seen = new Set(Array.from({ length: 50 }, () => readRandomBytes(new Uint8Array(16)).toString()));
  expect(seen.size).toBe(50);
  expect(new Set(readRandomBytes(new Uint8Array(4096))).size).toBeGreaterThan(200);
});
