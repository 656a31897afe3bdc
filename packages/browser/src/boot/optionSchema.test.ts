import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optionSchema } from './optionSchema.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('options', () => {
  it('stand in the README as they are', () => {
    const rows = readme
      .split('\n')
      .filter((line) => /^\| `[a-zA-Z]+` /.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const expected = Object.entries(optionSchema).map(([name, option]) => [
      `\`${name}\``,
      `\`${option.environment}\``,
      toText(option.default),
      option.doc,
    ]);
    expect(rows).toEqual(expected);
  });

  it('have attributes named after them', () => {
    for (const [name, { environment }] of Object.entries(optionSchema)) {
      expect(environment).toBe(`data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    }
  });
});

function toText(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? `\`${value.join(', ')}\`` : 'none';
  if (typeof value === 'object') return 'none';
  return value === '' ? '' : `\`${String(value)}\``;
}
