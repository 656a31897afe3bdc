import { measureBrowserInit } from './browserInit.ts';
import type { Figure } from './figure.ts';
import { measureIngest } from './ingest.ts';
import { measureLambdaInit } from './lambdaInit.ts';
import { measureSizes } from './sizes.ts';

// `npm run bench`: one JSON line per figure on standard output, progress on standard error. A missed goal is reported, and
// does not make the command fail.

const parts: readonly (readonly [name: string, measure: () => Promise<Figure[]>])[] = [
  ['sizes', async () => measureSizes()],
  ['browser', async () => [await measureBrowserInit({ rounds: 25 })]],
  ['lambda', () => measureLambdaInit({ rounds: 25 })],
  ['ingest', async () => [await measureIngest({ rounds: 7, requestsPerRound: 256 })]],
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts.some(([known]) => known === name));
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown: ${unknown.join(', ')}. There are: ${parts.map(([name]) => name).join(', ')}.\n`,
  );
  process.exit(2);
}
for (const [name, measure] of parts) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`Measuring ${name} …\n`);
  for (const figure of await measure()) process.stdout.write(`${JSON.stringify(figure)}\n`);
}
process.exit(0);
