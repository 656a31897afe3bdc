// Writes what docs/lambda.md says of the options from the schema that the agent reads them by. `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LAMBDA_OPTIONS } from '../packages/lambda/src/options.ts';
import { OTLP_OPTIONS, toSignalOptions } from '../packages/lambda/src/otlpOptions.ts';
import type { Option } from '../packages/shared/src/options.ts';
import { withOptionTable } from './optionTable.ts';

/** The page that holds the table. */
export const docsFile: string = fileURLToPath(new URL('../docs/lambda.md', import.meta.url));

/** The agent's options, with those of single signals behind the general ones. */
function allOptions(): Record<string, Option<unknown>> {
  const signals = (['traces', 'metrics', 'logs'] as const).flatMap((signal) =>
    Object.entries(toSignalOptions(signal)).map(([name, option]) => [`${signal} ${name}`, option] as const),
  );
  return { ...OTLP_OPTIONS, ...Object.fromEntries(signals), ...LAMBDA_OPTIONS };
}

/** Puts the table of all options into its place in the page's text. */
export function withOptions(text: string): Promise<string> {
  return withOptionTable(text, {
    file: docsFile,
    schema: allOptions(),
    heads: ['variable'],
    toCells: (_, { environment }) => [`\`${environment}\``],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(docsFile, await withOptions(readFileSync(docsFile, 'utf8')));
}
