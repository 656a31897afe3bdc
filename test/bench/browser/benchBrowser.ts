import { writeBenchmarksPart } from '../benchmarksPage.ts';
import type { Figure } from '../figure.ts';
import { readMachine, warnOfLoad } from '../machine.ts';
import { LEAST, readOpenTelemetryEdition, readOwnAgent, type BenchAgent } from './agents.ts';
import { measureBrowser } from './measureBrowser.ts';
import { PART_NAMES, readParts } from './parts.ts';
import { bundlePeers, PEER_NAMES } from './peers.ts';
import { toMarkdown } from './report.ts';

/** What `npm run bench browser` can be told. */
export interface BenchBrowserOptions {
  readonly rounds: number;
  /** Names; all when there are none. */
  readonly agents?: readonly string[] | undefined;
}

/**
 * Measures all agents, or some. Writes the page of results when all of them were measured.
 *
 * @throws when an agent is named that there is not
 */
export async function benchBrowser({ rounds, agents: wanted }: BenchBrowserOptions): Promise<Figure[]> {
  const machine = readMachine();
  const warning = warnOfLoad(machine);
  if (warning) say(warning);
  const agents = await readAgents(wanted);
  const results = await measureBrowser({
    agents,
    parts: await readParts(wanted ?? PART_NAMES),
    rounds,
    calls: 300,
    clicks: 100,
    navigations: 1_000,
    kills: 20,
    peerNavigations: 100,
    peerKills: 5,
    say,
  });
  const page = toMarkdown(results, machine);
  if (wanted) {
    process.stderr.write(`${page}\n`);
  } else {
    say(`wrote ${await writeBenchmarksPart(page)}`);
  }
  return [...results.agents, ...results.parts].flatMap(({ figures }) => [...figures.values()]);
}

async function readAgents(wanted: readonly string[] | undefined): Promise<BenchAgent[]> {
  const edition = readOpenTelemetryEdition();
  if (!edition) say('The OpenTelemetry edition has not been built and is left out.');
  const ours = [readOwnAgent(), ...(edition ? [edition] : [])];
  const own = [...ours, LEAST];
  const known = [...own.map(({ name }) => name), ...PART_NAMES, ...PEER_NAMES];
  const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`There are no agents ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  }
  const peers = await bundlePeers(wanted ?? PEER_NAMES);
  return [...own.filter(({ name }) => wanted?.includes(name) ?? true), ...peers];
}

function say(text: string): void {
  process.stderr.write(`browser: ${text}\n`);
}
