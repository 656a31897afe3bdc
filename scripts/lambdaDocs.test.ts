import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { docsFile, withOptions } from './lambdaDocs.ts';

describe('options of the Lambda agent', () => {
  it('stand in docs/lambda.md as they are', async () => {
    const text = readFileSync(docsFile, 'utf8');
    expect(await withOptions(text)).toBe(text);
  });
});
