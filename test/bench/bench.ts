import { parseArgs } from 'node:util';
import { tellHeapKinds } from './browser/heapKinds.ts';
import { profileAgent, type ProfileTopic } from './browser/profile.ts';
import { benchBrowser } from './browser/benchBrowser.ts';
import type { Figure } from './figure.ts';
import { measureIngest } from './ingest.ts';
import { benchLambda } from './lambda/benchLambda.ts';
import { measureSizes } from './sizes.ts';

// `npm run bench`: one JSON line per figure on standard output, progress on standard error. A missed goal is reported, and
// does not make the command fail. `npm run bench browser` writes docs/benchmarks.md beside; with `-- --profile fetch` it
// measures nothing, and says where the agent's time goes.

const TOPICS: readonly ProfileTopic[] = ['fetch', 'xhr', 'click', 'init'];
const DEFAULT_COUNTS: Readonly<Record<ProfileTopic, number>> = { fetch: 300, xhr: 300, click: 100, init: 20 };
const EDITIONS = ['own', 'opentelemetry'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    agents: { type: 'string' },
    only: { type: 'string' },
    runtimes: { type: 'string' },
    profile: { type: 'string' },
    edition: { type: 'string', default: 'own' },
  },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(rounds > 0)) leave(`--rounds takes a number above 0; it was ${values.rounds}.`);
const wholeRounds = rounds === undefined ? undefined : Math.ceil(rounds);
const agents = values.agents?.split(',');

const parts: readonly (readonly [name: string, measure: () => Promise<Figure[]>])[] = [
  ['sizes', async () => measureSizes()],
  ['browser', () => benchBrowser({ rounds: wholeRounds ?? 9, agents }).catch(leaveWith)],
  [
    'lambda',
    () =>
      benchLambda({
        rounds: rounds ?? 1,
        agents,
        only: values.only?.split(','),
        runtimes: values.runtimes?.split(','),
      }).catch(leaveWith),
  ],
  ['ingest', async () => [await measureIngest({ rounds: wholeRounds ?? 7, requestsPerRound: 256 })]],
];

const unknown = positionals.filter((name) => !parts.some(([known]) => known === name));
if (unknown.length > 0) {
  leave(`Unknown: ${unknown.join(', ')}. There are: ${parts.map(([name]) => name).join(', ')}.`);
}
if (values.profile !== undefined) {
  const topic = TOPICS.find((name) => name === values.profile);
  const edition = EDITIONS.find((name) => name === values.edition);
  if (!edition) leave(`--edition takes one of ${EDITIONS.join(', ')}.`);
  if (values.profile === 'heap') {
    process.stdout.write(await tellHeapKinds(edition));
    process.exit(0);
  }
  if (!topic) leave(`--profile takes one of ${TOPICS.join(', ')}, heap.`);
  const count = wholeRounds ?? DEFAULT_COUNTS[topic];
  process.stdout.write(await profileAgent({ topic, edition, count }));
  process.exit(0);
}
for (const [name, measure] of parts) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`Measuring ${name} …\n`);
  for (const figure of await measure()) process.stdout.write(`${JSON.stringify(figure)}\n`);
}
process.exit(0);

function leave(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function leaveWith(error: unknown): never {
  return leave(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
