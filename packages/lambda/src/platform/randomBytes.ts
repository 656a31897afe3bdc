import { closeSync, openSync, readSync } from 'node:fs';
import type { RandomBytes } from '@clickspan/shared/ids';

/**
 * Fills an array with random bytes from the kernel. Lambda is Linux; elsewhere, as in tests, Web Crypto does it, which
 * takes milliseconds to load that a cold start would have to pay.
 */
export const readRandomBytes: RandomBytes = (bytes) => {
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes) === bytes.length) return bytes;
    } finally {
      closeSync(file);
    }
  } catch {
    // No such device.
  }
  return crypto.getRandomValues(bytes);
};
