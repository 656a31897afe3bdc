import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optionSchema } from '../packages/browser/src/boot/optionSchema.ts';
import { docsFile, withOptions } from './browserDocs.ts';

describe('options of the browser agent', () => {
  it('stand in docs/browser.md as they are', async () => {
    const text = readFileSync(docsFile, 'utf8');
    expect(await withOptions(text)).toBe(text);
  });

  it('have attributes named after them', () => {
    for (const [name, { environment }] of Object.entries(optionSchema)) {
      if (environment === undefined) continue;
      expect(environment).toBe(`data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    }
  });
});
