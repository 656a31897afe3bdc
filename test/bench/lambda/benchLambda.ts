import { listRuntimes, type RuntimeName } from '@clickspan/emulator';
import { writeBenchmarksPart } from '../benchmarksPage.ts';
import type { Figure } from '../figure.ts';
import { readMachine, warnOfLoad } from '../machine.ts';
import { readOverlappingAgent, readOwnAgent, type LambdaAgent } from './agents.ts';
import { listHarm } from './harm.ts';
import type { CollectorMode } from './intake.ts';
import { measureLambda, TOPICS, type Topic } from './measureLambda.ts';
import { PEER_IDS, preparePeers } from './peers.ts';
import { toMarkdown } from './report.ts';

/** What `npm run bench lambda` can be told. */
export interface BenchLambdaOptions {
  /** How often the usual counts; less than 1 for a look. */
  readonly rounds: number;
  /** Ids; all when there are none. */
  readonly agents?: readonly string[] | undefined;
  readonly only?: readonly string[] | undefined;
  readonly runtimes?: readonly string[] | undefined;
}

const RUNTIMES: readonly RuntimeName[] = ['nodejs22.x', 'nodejs24.x'];
/** Of each agent and runtime. */
const COLD_STARTS = 25;
const WARM_PAIRS = 2_000;
/** So many invocations come before the memory is read. */
const WARM_UP = 200;
const ENVIRONMENTS = 4;
/** Of our own agent in each condition of the collector; less where each takes a round trip. */
const HARM_PAIRS = 2_000;
const SLOW_HARM_PAIRS = 600;
/** Of the peer whose callers wait. */
const PEER_HARM_PAIRS = 200;
/** Where each of its invocations takes up to ten seconds. */
const PEER_BROKEN_PAIRS = 3;
const FROZEN = { spans: 1_000, environments: 40, heldMs: 2_000 };
const PEER_FROZEN = { spans: 100, environments: 10, heldMs: 2_000 };

/**
 * Measures all agents, or some. Writes its part of the page of results when everything was measured.
 *
 * @throws when something is named that there is not
 */
export async function benchLambda(options: BenchLambdaOptions): Promise<Figure[]> {
  const { rounds } = options;
  const machine = readMachine();
  const warning = warnOfLoad(machine);
  if (warning) say(warning);
  const topics: readonly Topic[] = pick('parts', TOPICS, options.only);
  const runtimes = pick('runtimes', RUNTIMES, options.runtimes);
  const missing = runtimes.filter((runtime) => !listRuntimes().includes(runtime));
  if (missing.length > 0) throw new Error(`There is no ${missing.join(', ')} on this machine: npm ci`);
  const agents = await readAgents(options.agents);
  const times = (count: number): number => Math.max(1, Math.round(count * rounds));
  const results = await measureLambda({
    agents,
    overlapping: agents.some(({ isOwn }) => isOwn) ? readOverlappingAgent() : undefined,
    runtimes,
    topics,
    coldStarts: times(COLD_STARTS),
    warm: { pairs: times(WARM_PAIRS), environments: ENVIRONMENTS, warmUp: WARM_UP },
    isHarmMeasured: ({ id, isOwn }, runtime) =>
      isOwn === true || (id === 'opentelemetry' && runtime === 'nodejs24.x'),
    collectors: (agent, mode) => times(toHarmPairs(agent, mode)),
    frozen: ({ isOwn }) => {
      const { spans, ...rest } = isOwn ? FROZEN : PEER_FROZEN;
      return { ...rest, spans: times(spans) };
    },
    say,
  });
  const page = toMarkdown(results, machine);
  if (options.agents ?? options.only ?? options.runtimes) {
    process.stderr.write(`${page}\n`);
  } else {
    say(`wrote ${await writeBenchmarksPart(page)}`);
  }
  return results.runtimes.flatMap(({ figures, harm }) => [
    ...[...figures.values()].flatMap((ofAgent) => [...ofAgent.values()]),
    ...[...harm.values()].flatMap((modes) => [...modes.values()].flatMap(listHarm)),
  ]);
}

function toHarmPairs({ isOwn }: LambdaAgent, mode: CollectorMode): number {
  if (isOwn) return mode === '50 ms' ? SLOW_HARM_PAIRS : HARM_PAIRS;
  return mode === 'fine' || mode === '50 ms' ? PEER_HARM_PAIRS : PEER_BROKEN_PAIRS;
}

async function readAgents(wanted: readonly string[] | undefined): Promise<LambdaAgent[]> {
  const own = readOwnAgent();
  const ids = pick('agents', [own.id, ...PEER_IDS], wanted);
  return [...(ids.includes(own.id) ? [own] : []), ...(await preparePeers(ids))];
}

/** Those that are wanted, all when nothing is said. */
function pick<T extends string>(
  what: string,
  known: readonly T[],
  wanted: readonly string[] | undefined,
): T[] {
  const unknown = wanted?.filter((name) => !known.some((one) => one === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`There are no ${what} ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  }
  return known.filter((name) => wanted?.includes(name) ?? true);
}

function say(text: string): void {
  process.stderr.write(`lambda: ${text}\n`);
}
