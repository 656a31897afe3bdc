import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLI_ERRORS } from './cliError.ts';

describe('documentation of the command', () => {
  it('explains every error code, and none that does not exist', () => {
    const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const explained = text.matchAll(/^\| `(CLICKSPAN_CLI_\w+)`/gm);
    expect(new Set(Array.from(explained, (match) => match[1]))).toEqual(new Set(Object.keys(CLI_ERRORS)));
  });
});
