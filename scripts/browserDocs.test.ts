import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { docsFile, withOptions } from './browserDocs.ts';

describe('options of the browser agent', () => {
  it('stand in docs/browser.md as they are', async () => {
    const text = readFileSync(docsFile, 'utf8');
    expect(await withOptions(text)).toBe(text);
  });
});
