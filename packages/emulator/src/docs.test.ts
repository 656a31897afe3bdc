import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EMULATOR_ERRORS } from './emulatorError.ts';

const byName = (a = '', b = ''): number => a.localeCompare(b);

it('explains every error code in docs/errors.md, and none that does not exist', () => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const explained = text.matchAll(/^\| `(CLICKSPAN_EMULATOR_\w+)`/gm);
  expect(Array.from(explained, (match) => match[1]).toSorted(byName)).toEqual(
    Object.keys(EMULATOR_ERRORS).toSorted(byName),
  );
});
