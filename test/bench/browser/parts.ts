import { resolve } from 'node:path';
import { readSnippet, type BenchAgent } from './agents.ts';
import { bundleScript } from './bundleScript.ts';

const folder: string = resolve(import.meta.dirname, '../parts');

/** What an app takes of the agent by npm, and the file that starts it. */
const SELECTIONS: readonly (readonly [name: string, file: string])[] = [
  ['all features by npm', 'allFeatures.mjs'],
  ['without vitals and long frames', 'withoutVitals.mjs'],
  ['tracing alone', 'tracing.mjs'],
  ['fetch and XHR alone', 'requests.mjs'],
];

/** The names of what is measured of the agent beside the whole. */
export const PART_NAMES: readonly string[] = ['clickspan/snippet', ...SELECTIONS.map(([name]) => name)];

/**
 * The inline snippet, and the agent with features left out, bundled into one script each.
 *
 * @param wanted names
 */
export async function readParts(wanted: readonly string[]): Promise<BenchAgent[]> {
  const parts: BenchAgent[] = [readSnippet()].filter(({ name }) => wanted.includes(name));
  for (const [name, file] of SELECTIONS.filter(([known]) => wanted.includes(known))) {
    parts.push({ name, source: await bundleScript(resolve(folder, file)) });
  }
  return parts;
}
