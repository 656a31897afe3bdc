import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Gives random hex digits of the kernel, in lower case. Lambda is Linux; elsewhere, as in tests, Web Crypto does it, which
 * takes milliseconds to load that a cold start would have to pay.
 *
 * @param digits how many, an even number
 */
export function readRandomHex(digits: number): string {
  const bytes = Buffer.alloc(digits / 2);
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes) === bytes.length) return bytes.toString('hex');
    } finally {
      closeSync(file);
    }
  } catch {
    // No such device.
  }
  return crypto.getRandomValues(bytes).toString('hex');
}
