import { gzipSync } from 'node:zlib';
import { quantile, toFigure, type Figure } from '../figure.ts';
import { BARE, type BenchAgent } from './agents.ts';
import { setStage, type Stage } from './driver.ts';
import { measureCalls, measureCallsInClicks, type CallsSample } from './measureCalls.ts';
import { measureClicks } from './measureClicks.ts';
import { measureHeapAfterStart } from './measureHeap.ts';
import { measureExported, measureKillLosses, measureNavigationLosses, type Losses } from './measureLosses.ts';
import { measureStart, type StartSample } from './measureStart.ts';
import { ROWS, toSpec, type RowKey } from './rows.ts';

/** How much to measure. */
export interface BrowserOptions {
  /** Without the bare page, which comes by itself. */
  readonly agents: readonly BenchAgent[];
  /** Of our agent: only what it takes to have them is measured. */
  readonly parts: readonly BenchAgent[];
  readonly rounds: number;
  /** Requests of each kind in a page. */
  readonly calls: number;
  readonly clicks: number;
  readonly navigations: number;
  readonly kills: number;
  /** The same for agents that are not ours. */
  readonly peerNavigations: number;
  readonly peerKills: number;
  readonly say: (text: string) => void;
}

/** What was found of one agent. */
export interface AgentResult {
  readonly agent: BenchAgent;
  readonly figures: ReadonlyMap<RowKey, Figure>;
  /** What figures that count losses are out of. */
  readonly outOf: ReadonlyMap<RowKey, number>;
}

/** What was found. */
export interface BrowserResults {
  readonly browserVersion: string;
  readonly rounds: number;
  readonly calls: number;
  /** Of the page without an agent: medians. */
  readonly bare: { readonly fetchUs: number; readonly xhrUs: number; readonly clickMs: number };
  readonly agents: readonly AgentResult[];
  readonly parts: readonly AgentResult[];
}

/** What it takes to have an agent, or a part of one, in one round. */
interface HavingSample {
  readonly start: StartSample;
  readonly heapAfterStartBytes: number;
}

/** One agent, or the bare page, in one round. */
interface RoundSample {
  readonly start: StartSample;
  readonly calls: CallsSample;
  readonly inClicksUs: number;
  readonly clickMs: number;
}

/**
 * Measures agents side by side. Each round takes every agent and the bare page once, each time in fresh pages, and begins
 * with another; what is compared with the bare page is compared within the round.
 */
export async function measureBrowser(options: BrowserOptions): Promise<BrowserResults> {
  const stage = await setStage();
  try {
    const { rounds, partRounds } = await measureRounds(stage, options);
    const bare = rounds.map((round) => round.get(BARE)!);
    const samplesOf = new Map(options.agents.map((agent) => [agent, toSamples(agent, rounds)]));
    const valueOf = (peer: string, row: RowKey): number | undefined => {
      const samples = [...samplesOf].find(([{ name }]) => name === peer)?.[1].get(row);
      return samples && median(samples);
    };
    const agents: AgentResult[] = [];
    for (const [agent, samples] of samplesOf) {
      const losses = await measureLosses(stage, agent, options);
      for (const [key, { lost }] of losses) samples.set(key, [lost]);
      agents.push({
        agent,
        figures: toFigures(agent, samples, valueOf),
        outOf: new Map([...losses].map(([key, { of }]) => [key, of])),
      });
    }
    return {
      browserVersion: stage.browser.version(),
      rounds: options.rounds,
      calls: options.calls,
      bare: {
        fetchUs: median(bare.map(({ calls }) => calls.cpuUs.fetch)),
        xhrUs: median(bare.map(({ calls }) => calls.cpuUs.xhr)),
        clickMs: median(bare.map(({ clickMs }) => clickMs)),
      },
      agents,
      parts: options.parts.map((part) => ({
        agent: part,
        figures: toFigures(part, toPartSamples(part, partRounds, bare), valueOf),
        outOf: new Map(),
      })),
    };
  } finally {
    await stage.close();
  }
}

async function measureRounds(
  stage: Stage,
  options: BrowserOptions,
): Promise<{
  rounds: ReadonlyMap<BenchAgent, RoundSample>[];
  partRounds: ReadonlyMap<BenchAgent, HavingSample>[];
}> {
  const { rounds: count, parts, say } = options;
  const all = [BARE, ...options.agents];
  // The first page of a browser is slower than all others.
  await measureStart(stage, BARE);
  const rounds: ReadonlyMap<BenchAgent, RoundSample>[] = [];
  const partRounds: ReadonlyMap<BenchAgent, HavingSample>[] = [];
  for (let round = 0; round < count; round++) {
    say(`round ${round + 1} of ${count}`);
    const result = new Map<BenchAgent, RoundSample>();
    for (let n = 0; n < all.length; n++) {
      const agent = all[(n + round) % all.length]!;
      result.set(agent, {
        start: await measureStart(stage, agent),
        calls: await measureCalls(stage, agent, options),
        inClicksUs: await measureCallsInClicks(stage, agent, options),
        clickMs: await measureClicks(stage, agent, options),
      });
    }
    rounds.push(result);
    const having = new Map<BenchAgent, HavingSample>();
    for (const part of parts) {
      having.set(part, {
        start: await measureStart(stage, part),
        heapAfterStartBytes: await measureHeapAfterStart(stage, part),
      });
    }
    partRounds.push(having);
  }
  return { rounds, partRounds };
}

async function measureLosses(
  stage: Stage,
  agent: BenchAgent,
  options: BrowserOptions,
): Promise<Map<RowKey, Losses>> {
  const { say, navigations, kills, peerNavigations, peerKills } = options;
  say(`what ${agent.name} loses`);
  return new Map([
    ['untold', await measureExported(stage, agent, options.calls)],
    [
      'navigation',
      await measureNavigationLosses(stage, agent, agent.edition ? navigations : peerNavigations),
    ],
    ['kill', await measureKillLosses(agent, agent.edition ? kills : peerKills)],
  ]);
}

/** The samples of each row: one a round, against the bare page of the same round. */
function toSamples(
  agent: BenchAgent,
  rounds: readonly ReadonlyMap<BenchAgent, RoundSample>[],
): Map<RowKey, number[]> {
  const each = (read: (own: RoundSample, bare: RoundSample) => number): number[] =>
    rounds.map((round) => read(round.get(agent)!, round.get(BARE)!));
  const added = (read: (sample: RoundSample) => number): number[] =>
    each((own, bare) => read(own) - read(bare));
  return new Map<RowKey, number[]>([
    ['size', [toGzipBytes(agent)]],
    ['start', added(({ start }) => start.plainMs)],
    ['throttledStart', added(({ start }) => start.throttledMs)],
    ['deferredStart', added(({ start }) => start.deferredMs)],
    ['heapAfterStart', added(({ calls }) => calls.heapAfterStartBytes / 1000)],
    ['click', added(({ clickMs }) => clickMs)],
    ['fetchCpu', each((own, bare) => own.calls.cpuUs.fetch / bare.calls.cpuUs.fetch)],
    ['xhrCpu', each((own, bare) => own.calls.cpuUs.xhr / bare.calls.cpuUs.xhr)],
    ['clickedCpu', each((own, bare) => own.inClicksUs / bare.inClicksUs)],
    ['fetchAddedUs', added(({ calls }) => calls.cpuUs.fetch)],
    ['xhrAddedUs', added(({ calls }) => calls.cpuUs.xhr)],
    ['heapAfterCalls', added(({ calls }) => calls.heapAfterCallsBytes / 1000)],
    ['plainBytes', each(({ calls }) => calls.plainBytesPerCall)],
    ['gzipBytes', each(({ calls }) => calls.gzipBytesPerCall)],
    ['sentBytes', each(({ calls }) => calls.wireBytesPerCall)],
    ['posts', each(({ calls }) => calls.posts)],
    ['spans', agent.sendsOtlp ? each(({ calls }) => calls.exportedShare!) : []],
  ]);
}

function toPartSamples(
  part: BenchAgent,
  rounds: readonly ReadonlyMap<BenchAgent, HavingSample>[],
  bare: readonly RoundSample[],
): Map<RowKey, number[]> {
  const each = (read: (own: HavingSample, bare: RoundSample) => number): number[] =>
    rounds.map((round, n) => read(round.get(part)!, bare[n]!));
  return new Map<RowKey, number[]>([
    ['size', [toGzipBytes(part)]],
    ['start', each(({ start }, bare) => start.plainMs - bare.start.plainMs)],
    ['throttledStart', each(({ start }, bare) => start.throttledMs - bare.start.throttledMs)],
    // The snippet has no address.
    [
      'deferredStart',
      part.edition === 'snippet' ? [] : each(({ start }, bare) => start.deferredMs - bare.start.deferredMs),
    ],
    [
      'heapAfterStart',
      each(({ heapAfterStartBytes }, bare) => (heapAfterStartBytes - bare.calls.heapAfterStartBytes) / 1000),
    ],
  ]);
}

function toGzipBytes({ source }: BenchAgent): number {
  return gzipSync(source, { level: 9 }).length;
}

function toFigures(
  agent: BenchAgent,
  samples: ReadonlyMap<RowKey, number[]>,
  valueOf: (peer: string, row: RowKey) => number | undefined,
): Map<RowKey, Figure> {
  const rows = ROWS.filter(({ key }) => samples.get(key)?.length);
  return new Map(rows.map((row) => [row.key, toFigure(toSpec(row, agent, valueOf), samples.get(row.key)!)]));
}

function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
