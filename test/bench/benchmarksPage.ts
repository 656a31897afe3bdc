import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

const PAGE = 'docs/benchmarks.md';
const path: string = resolve(import.meta.dirname, '../..', PAGE);

/**
 * Writes one part of `docs/benchmarks.md`, and leaves the others as they are.
 *
 * @param part Markdown that begins with the part's heading, of the first level
 * @returns the page's name
 */
export async function writeBenchmarksPart(part: string): Promise<string> {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const formatted = await format(part, { ...(await resolveConfig(path)), filepath: path });
  writeFileSync(path, withPart(page, formatted));
  return PAGE;
}

/** The page with a part in the place of the one of the same heading, or at its end. */
export function withPart(page: string, part: string): string {
  const [heading] = part.split('\n', 1);
  const parts = page.split(/^(?=# )/m).filter((text) => text.trim() !== '');
  const at = parts.findIndex((text) => text.startsWith(`${heading}\n`));
  const all = at < 0 ? [...parts, part] : parts.with(at, part);
  return `${all.map((text) => text.trim()).join('\n\n')}\n`;
}
