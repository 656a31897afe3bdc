import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Reads the settings that an example's README lists, as `name` and `value` in code spans.
 *
 * @param example its folder
 */
export function readDocumentedSettings(example: string): Readonly<Record<string, string>> {
  const path = resolve(import.meta.dirname, '../../examples', example, 'README.md');
  const rows = readFileSync(path, 'utf8').matchAll(/^\| ([^|]+?) +\| `([^`]+)` +\|/gm);
  return Object.fromEntries([...rows].map(([, name, value]) => [name!.replaceAll('`', ''), value!]));
}
