import { rmSync } from 'node:fs';
import {
  createStyle,
  observeEndRequests,
  readConfigFile,
  startDev,
  takesColour,
  toInvocationLine,
} from 'clickspan';
import type { Dev, DevConfig } from 'clickspan';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../../test/support/chromium.ts';
import { decideBrokenLink, decideUnopened } from './brokenLink.ts';
import type { BrokenLink } from './brokenLink.ts';
import { buy, observeReports, openShop } from './buy.ts';
import type { PageReports, Purchase } from './buy.ts';
import { followChain, isAsStarted, isCold } from './chain.ts';
import type { Chain } from './chain.ts';
import { openFreshDir } from './freshDir.ts';
import { findTraces, readEngineProblem, readTrace } from './consoleApi.ts';
import type { Span } from './consoleApi.ts';
import { drawTrace } from './printTrace.ts';

/** How to play the customer. */
export interface OnceOptions {
  readonly json: boolean;
  readonly config: string;
  /** The page to buy on, for example `/app/`. */
  readonly page: string;
  /** How long a trace may take to be whole. */
  readonly waitMs: number;
}

/** One purchase and what the store has of it. */
interface Traced {
  readonly traceId: string;
  readonly spans: readonly Span[];
}

/** Everything that a purchase is watched with. */
interface Scene {
  readonly dev: Dev;
  readonly page: Page;
  readonly reports: readonly PageReports[];
  readonly waitMs: number;
  /** What the console said when it did not answer as it should. */
  readonly engineProblems: string[];
}

const POLL_MS = 100;
/** A whole trace is read once more after this: what belongs to no step of the chain may come in the same moment. */
const SETTLE_MS = 500;
const IDLE_WITHIN_MS = 30_000;
const INTERRUPTED_STATUS = 130;

/**
 * Starts everything in a fresh data directory, buys twice, and reads both traces back through the console's query API.
 *
 * @param options what to print and how long to wait
 * @returns 0 when both traces are whole, the first cold and the second warm; else 1, with the broken link named
 */
export async function runOnce(options: OnceOptions): Promise<number> {
  const tell = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  const requests = observeEndRequests(() => process.exit(INTERRUPTED_STATUS));
  const config = readConfigFile(options.config);
  const dataDir = openFreshDir(config.dataDir);
  const starting = startShop({ ...config, dataDir }, tell);
  try {
    const playing = starting.then((dev) => playCustomer(dev, options, tell));
    const outcome = await Promise.race([playing, requests.first]).catch(toOutcome);
    if (!outcome) return INTERRUPTED_STATUS;
    print(options, outcome);
    return outcome.broken ? 1 : 0;
  } finally {
    await starting.then(
      (dev) => dev.stop(),
      () => undefined,
    );
    rmSync(dataDir, { recursive: true, force: true });
    requests.stop();
  }
}

function startShop(config: DevConfig, tell: (sentence: string) => void): Promise<Dev> {
  const style = createStyle(takesColour(process.stderr));
  return startDev({
    config,
    clickhouseUrl: process.env['CLICKHOUSE_URL'],
    onProgress: tell,
    onLog: (event) => {
      const line = toInvocationLine(event, style);
      if (line !== undefined) tell(line);
    },
  });
}

/** A shop that does not even open is broken at a link, too; anything else that is thrown is a fault of the demo. */
function toOutcome(error: unknown): Outcome {
  const broken = decideUnopened(error);
  if (!broken) throw error;
  return { runtimeClient: undefined, traces: [], broken };
}

interface Outcome {
  /** Undefined when nothing had started. */
  readonly runtimeClient: Dev['runtimeClient'] | undefined;
  readonly traces: readonly Traced[];
  readonly broken: BrokenLink | undefined;
}

async function playCustomer(
  dev: Dev,
  options: OnceOptions,
  tell: (sentence: string) => void,
): Promise<Outcome> {
  const { runtimeClient } = dev;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const [site] = Object.values(dev.siteUrls);
    if (site === undefined) throw new Error('The configuration has no site to buy on.');
    const scene: Scene = {
      dev,
      page,
      reports: observeReports(page),
      waitMs: options.waitMs,
      engineProblems: [],
    };
    tell(`Opening ${site}${options.page} …`);
    await openShop(page, site + options.page);
    const traces: Traced[] = [];
    for (const cold of [true, false]) {
      await untilIdle(dev);
      tell(`Buying, ${cold ? 'cold' : 'warm'} …`);
      const { traced, broken } = await buyAndTrace(scene, cold);
      if (traced) traces.push(traced);
      if (broken) return { runtimeClient, traces, broken };
    }
    return { runtimeClient, traces, broken: undefined };
  } finally {
    await browser.close();
  }
}

/** A click while the last answer's tail is still under way would find the environment busy and start another one. */
async function untilIdle(dev: Dev): Promise<void> {
  for (const deadline = Date.now() + IDLE_WITHIN_MS; Date.now() < deadline;) {
    if (dev.environments().every(({ state }) => state === 'idle' || state === 'ended')) return;
    await sleep(POLL_MS);
  }
}

async function buyAndTrace(scene: Scene, cold: boolean): Promise<{ traced?: Traced; broken?: BrokenLink }> {
  const purchase = await buy(scene.page);
  const [, traceId] = /^00-([0-9a-f]{32})-/.exec(purchase.traceparent ?? '') ?? [];
  const deadline = Date.now() + scene.waitMs;
  let spans: readonly Span[] = [];
  let chain = followChain(spans, cold);
  while (traceId !== undefined && purchase.succeeded && Date.now() < deadline) {
    spans = (await readSpans(scene, traceId)) ?? spans;
    chain = followChain(spans, cold);
    if (chain.missing.length === 0) break;
    await sleep(POLL_MS);
  }
  if (chain.missing.length > 0 || traceId === undefined) {
    const broken = decideBrokenLink(await gatherEvidence(scene, purchase, chain, traceId));
    return { broken, ...(traceId === undefined ? {} : { traced: { traceId, spans } }) };
  }
  await untilIdle(scene.dev);
  await sleep(SETTLE_MS);
  spans = (await readSpans(scene, traceId)) ?? spans;
  const traced = { traceId, spans };
  return isAsStarted(spans, followChain(spans, cold), cold)
    ? { traced }
    : { traced, broken: toWrongStart(cold) };
}

async function readSpans(scene: Scene, traceId: string): Promise<readonly Span[] | undefined> {
  const answer = await readTrace(scene.dev.consoleUrl, traceId);
  if (answer.status === 'failed') scene.engineProblems.push(answer.reason);
  return answer.status === 'ok' ? answer.value : undefined;
}

async function gatherEvidence(
  scene: Scene,
  purchase: Purchase,
  chain: Chain,
  traceId: string | undefined,
): Promise<Parameters<typeof decideBrokenLink>[0]> {
  const { dev, reports, waitMs } = scene;
  const problem = await readEngineProblem(dev.consoleUrl);
  const engineProblems = problem === undefined ? scene.engineProblems : [...scene.engineProblems, problem];
  const invocations: Record<string, number> = {};
  for (const { functionName, invocations: list } of dev.environments()) {
    const since = list.filter(({ startUnixMs }) => startUnixMs >= purchase.startUnixMs);
    invocations[functionName] = (invocations[functionName] ?? 0) + since.length;
  }
  const fulfilments = await findTraces(dev.consoleUrl, 'fulfil', purchase.startUnixMs);
  const strayFulfilments = fulfilments.filter((id) => id !== traceId);
  return { purchase, reports, chain, waitedMs: waitMs, engineProblems, invocations, strayFulfilments };
}

function toWrongStart(cold: boolean): BrokenLink {
  return {
    link: 'layer',
    evidence: [
      cold
        ? 'The first order ran in a new environment, but no invocation of its trace says faas.coldstart=true.'
        : 'The second order ran in a used environment, but an invocation of its trace says faas.coldstart=true.',
    ],
    lookAt: 'how the agent inside the function tells a cold start',
  };
}

function print(options: OnceOptions, { runtimeClient, traces, broken }: Outcome): void {
  if (options.json) {
    const document = {
      runtimeClient: runtimeClient ?? null,
      traces,
      ...(broken ? { brokenLink: broken } : {}),
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    const trees = traces.map(
      ({ traceId, spans }, at) =>
        `\nBuy ${at + 1}: ${isCold(spans) ? 'cold' : 'warm'}\n${spans.length > 0 ? drawTrace(traceId, spans) : '  no spans'}\n`,
    );
    process.stdout.write(`${trees.join('')}\nruntime client: ${runtimeClient ?? 'none was started'}\n`);
  }
  if (!broken) return;
  const lines = [`Broken link: ${broken.link}`, ...broken.evidence.map((line) => `  ${line}`)];
  process.stderr.write(`\n${lines.join('\n')}\n  Look at ${broken.lookAt}.\n`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
