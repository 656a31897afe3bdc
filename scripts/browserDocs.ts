// Writes what docs/browser.md says of the options from the schema that the agent reads them by. `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { optionSchema, toAttributeName } from '../packages/browser/src/boot/optionSchema.ts';

/** The page that holds the table. */
export const docsFile: string = fileURLToPath(new URL('../docs/browser.md', import.meta.url));

const REGION = /(<!-- options: written by `npm run docs` -->\n)[^]*?(<!-- end of options -->)/;

/**
 * Puts the table of all options into its place.
 *
 * @param text of the page
 * @returns the page, formatted
 * @throws when the page has no place for the table
 */
export async function withOptions(text: string): Promise<string> {
  if (!REGION.test(text)) throw new Error('docs/browser.md has no place for the table of options.');
  const rows = Object.entries(optionSchema).map(([name, { kind, default: value, doc }]) => [
    `\`${name}\``,
    kind === 'function' ? 'only in code' : `\`${toAttributeName(name)}\``,
    name === 'features' ? 'all' : toText(value),
    doc,
  ]);
  const table = [['option', 'attribute', 'default', 'what it does'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  const options = await prettier.resolveConfig(docsFile);
  return prettier.format(
    text.replace(REGION, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`),
    { ...options, parser: 'markdown' },
  );
}

function toText(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? `\`${value.join(', ')}\`` : 'none';
  if (value === undefined || typeof value === 'object') return 'none';
  return value === '' ? '' : `\`${String(value)}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(docsFile, await withOptions(readFileSync(docsFile, 'utf8')));
}
