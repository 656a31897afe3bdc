// Writes the table of options that a page of the docs holds, from the schema that an agent reads them by.
import * as prettier from 'prettier';
import type { Option } from '../packages/shared/src/options.ts';

const REGION = /(<!-- options: written by `npm run docs` -->\n)[^]*?(<!-- end of options -->)/;

/** A page with a table of options. */
export interface OptionPage {
  readonly file: string;
  readonly schema: Readonly<Record<string, Option<unknown>>>;
  /** Heads of the columns before "default" and "what it does". */
  readonly heads: readonly string[];
  /** The cells below those heads. */
  readonly toCells: (name: string, option: Option<unknown>) => readonly string[];
  /** The cell of a default that is not to be told as it is. */
  readonly toDefault?: (name: string) => string | undefined;
}

/**
 * Puts the table of all options into its place.
 *
 * @param text of the page
 * @returns the page, formatted
 * @throws when the page has no place for the table
 */
export async function withOptionTable(text: string, page: OptionPage): Promise<string> {
  if (!REGION.test(text)) throw new Error(`${page.file} has no place for the table of options.`);
  const heads = [...page.heads, 'default', 'what it does'];
  const rows = Object.entries(page.schema).map(([name, option]) => [
    ...page.toCells(name, option),
    page.toDefault?.(name) ?? toText(option.default),
    option.doc,
  ]);
  const table = [heads, heads.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  const options = await prettier.resolveConfig(page.file);
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
