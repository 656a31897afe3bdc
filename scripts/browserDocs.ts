// Writes what docs/browser.md says of the options from the schema that the agent reads them by. `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionSchema, toAttributeName } from '../packages/browser/src/boot/optionSchema.ts';
import { withOptionTable } from './optionTable.ts';

/** The page that holds the table. */
export const docsFile: string = fileURLToPath(new URL('../docs/browser.md', import.meta.url));

/** Puts the table of all options into its place in the page's text. */
export function withOptions(text: string): Promise<string> {
  return withOptionTable(text, {
    file: docsFile,
    schema: optionSchema,
    heads: ['option', 'attribute'],
    toCells: (name, { kind }) => [
      `\`${name}\``,
      kind === 'function' ? 'only in code' : `\`${toAttributeName(name)}\``,
    ],
    toDefault: (name) => (name === 'features' ? 'all' : undefined),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(docsFile, await withOptions(readFileSync(docsFile, 'utf8')));
}
