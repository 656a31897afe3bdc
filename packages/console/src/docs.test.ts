import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONSOLE_OPTIONS } from './boot/optionSchema.ts';
import { CONSOLE_ERRORS } from './consoleError.ts';

const byName = (a = '', b = ''): number => a.localeCompare(b);
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('documentation of the console', () => {
  it('explains every error code, and none that does not exist', () => {
    const explained = read('../../../docs/errors.md').matchAll(/^\| `(CLICKSPAN_CONSOLE_\w+)`/gm);
    expect(Array.from(explained, (match) => match[1]).toSorted(byName)).toEqual(
      Object.keys(CONSOLE_ERRORS).toSorted(byName),
    );
  });

  it('lists every option with its variable, default and meaning', () => {
    const rows = Array.from(
      read('../README.md').matchAll(/^\| `(\w+)` +\| `(\w+)` +\| (?:`(.*?)`)? *\| (.*?) *\|$/gm),
      ([, name, environment, value, doc]) => [name, environment, value ?? '', doc],
    );
    const options = Object.entries(CONSOLE_OPTIONS).map(([name, option]) => [
      name,
      option.environment,
      String(option.default),
      option.doc,
    ]);
    expect(rows).toEqual(options);
  });
});
