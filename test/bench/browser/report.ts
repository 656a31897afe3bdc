import type { Machine } from '../machine.ts';
import { toLines, toNumber } from '../markdown.ts';
import type { AgentResult, BrowserResults } from './measureBrowser.ts';
import { ROWS, type Row, type RowKey } from './rows.ts';

const OWN_NAMES: Readonly<Record<string, string>> = {
  own: 'Clickspan',
  opentelemetry: 'Clickspan, OpenTelemetry edition',
  snippet: 'Clickspan, inline snippet',
};

const HAVING_KEYS: readonly RowKey[] = ['size', 'start', 'throttledStart', 'deferredStart', 'heapAfterStart'];

const TABLES: readonly (readonly [title: string, keys: readonly RowKey[]])[] = [
  ['To have it', HAVING_KEYS],
  [
    'CPU and memory of clicks and requests',
    ['click', 'fetchCpu', 'xhrCpu', 'clickedCpu', 'fetchAddedUs', 'xhrAddedUs', 'heapAfterCalls'],
  ],
  ['What is sent', ['plainBytes', 'gzipBytes', 'sentBytes', 'posts']],
  ['What is lost', ['spans', 'untold', 'navigation', 'kill']],
];

/** Writes the results as a page for people: goals first, then all agents side by side, then how it was done. */
export function toMarkdown(results: BrowserResults, { cores, load }: Machine): string {
  const { browserVersion, rounds, bare } = results;
  return `# Benchmarks of the browser agent

Written by \`npm run bench browser\`; change \`test/bench\`, not this file.

Chromium ${browserVersion}, headless; ${cores} cores, load ${load.toFixed(1)} when it began; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. Numbers are medians; after ± is half the distance between the quartiles.
Times depend on the machine: compare them within a table, not with other machines. A page without an agent took ${Math.round(bare.fetchUs)} µs of main-thread CPU per \`fetch\` and ${Math.round(bare.xhrUs)} µs per XHR here.

## Goals

A goal is what we want. Where it is missed, a bound says what must not be exceeded until it is reached: a figure beyond it is a step back. Why they are what they are: [ADR 12](adr/0012-budgets-of-the-browser-agent.md).

${toGoals(results)}

## Side by side
${TABLES.map(([title, keys]) => `\n### ${title}\n\n${toTable(results.agents, keys)}\n`).join('')}
## What parts of Clickspan weigh

${toTable(results.parts, HAVING_KEYS)}

${toMethod(results)}`;
}

function toGoals({ agents, parts }: BrowserResults): string {
  const ours = [...agents, ...parts].filter(({ agent }) => agent.edition);
  const peers = agents.filter(({ agent }) => !agent.edition && !agent.isBound);
  const rows = ROWS.filter(({ goals }) => goals).flatMap((row) =>
    ours
      .filter(({ figures }) => figures.get(row.key)?.goal !== undefined)
      .map((result) => {
        const { goal, pass, bound, isInBound } = result.figures.get(row.key)!;
        const sign = row.better === 'more' ? '≥' : '≤';
        return [
          row.heading,
          toName(result),
          `${sign} ${toNumber(goal!, row.digits)}`,
          toCell(result, row),
          pass ? 'met' : '**missed**',
          bound === undefined ? '–' : `${sign} ${toNumber(bound, row.digits)}${toBoundSource(row, result)}`,
          bound === undefined ? '–' : isInBound ? 'kept' : '**exceeded**',
          result.agent.edition === 'snippet' ? '–' : toBest(peers, row),
        ];
      }),
  );
  return toLines(['', 'agent', 'goal', 'measured', '', 'bound', '', 'best peer'], rows);
}

function toBoundSource({ bounds }: Row, { agent }: AgentResult): string {
  const bound = agent.edition && bounds?.[agent.edition];
  return typeof bound === 'object' ? ` (${bound.peer})` : '';
}

/** The lowest figure of a peer; what tells of few requests is cheap for that reason, so it is no yardstick for their cost. */
function toBest(peers: readonly AgentResult[], row: Row): string {
  const isPerRequest = /Cpu|Bytes/.test(row.key);
  const whole = peers.filter(
    ({ figures }) => figures.has(row.key) && (!isPerRequest || figures.get('untold')!.value === 0),
  );
  const best = whole.reduce<AgentResult | undefined>(
    (least, peer) =>
      !least || isBetter(row, toShare(peer, row.key), toShare(least, row.key)) ? peer : least,
    undefined,
  );
  return best ? `${toCell(best, row)} (${best.agent.name})` : '–';
}

function isBetter({ better }: Row, value: number, than: number): boolean {
  return better === 'more' ? value > than : value < than;
}

function toShare({ figures, outOf }: AgentResult, key: RowKey): number {
  return figures.get(key)!.value / (outOf.get(key) ?? 1);
}

function toTable(agents: readonly AgentResult[], keys: readonly RowKey[]): string {
  const rows = keys.map((key) => ROWS.find((row) => row.key === key)!);
  return toLines(
    ['', ...rows.map(({ heading }) => heading)],
    agents.map((result) => [toName(result), ...rows.map((row) => toCell(result, row))]),
  );
}

function toName({ agent }: AgentResult): string {
  if (agent.edition) return `**${OWN_NAMES[agent.edition]}**`;
  return agent.version ? `${agent.name} ${agent.version}` : agent.name;
}

function toCell({ figures, outOf }: AgentResult, { key, digits }: Row): string {
  const figure = figures.get(key);
  if (!figure) return '–';
  const { value, spread } = figure;
  const text = toNumber(value, digits);
  const of = outOf.get(key);
  if (of !== undefined) return `${text} of ${toNumber(of, 0)}`;
  return spread > 0 ? `${text} ± ${toNumber(spread / 2, digits)}` : text;
}

function toMethod({ calls }: BrowserResults): string {
  return `## How it is measured

Every agent is one minified script for ES2022 with a few lines that start it with its usual options, all its tracing on and nothing sampled away (\`test/bench/peers\`). What a peer loads later on demand is left out. Rounds are interleaved: each takes every agent and a page without any, begins with another agent than the one before, and opens fresh pages in fresh contexts. What is a ratio or an addition is taken against the page without an agent of the same round.

- **start**: the time that appending one inline script holds the main thread: compiling, evaluating, starting, without code cache, in a cross-origin isolated page (clock of 5 µs). Once more with the processor throttled four times.
- **start by \`defer\`**: the script comes by its address, from a tag with \`defer\` in the head: CPU time of the main thread in scripts, compiling included, until the document is ready (\`ScriptDuration\` and \`V8CompileDuration\` in thread ticks). The browser can compile such a script on another thread while it comes.
- **heap**: live bytes after two forced collections, less those of the page without an agent: once 0.7 s after the start, when what was put off until the page is idle has been done, once after all requests and a flush. The page has formatted numbers before, so that nobody is charged for the engine's cache of them.
- **added to a click**: real clicks on buttons; from a capturing listener that was there first to a bubbling one at the end, microtasks of the listeners included.
- **CPU**: ${calls} \`fetch\` calls one after another, each read as JSON, after 10 for warming up; then 0.7 s; then the page seems hidden, so that serialising and sending count. CPU time of the main thread (\`TaskDuration\` in thread ticks), not time that passed. Then the same with XHR. Apart from that, the same number of \`fetch\` calls in clicks on buttons, ten to a click, the clicks included.
- **least that can be done**: no agent, but what none can do without for each request: one header, the browser's timing, and as many bytes as a span has, compressed. It tells nothing of clicks, errors or sessions, so its size, start and heap are no yardstick.
- **per request**: all bodies until the page was closed, divided by the requests made: plain; compressed body by body; and as they were sent.
- **spans per request**: of the requests whose CPU was measured, counted in what was sent where that is OTLP.
- **parts**: the inline snippet as built, alone in a page; and what the bundler of an app makes of \`@clickspan/browser\`, or of single features of \`@clickspan/browser/core\` (\`test/bench/parts\`), with the same bundler as the peers. The script for a script tag is minified further.
- **requests not told of**: ${calls} requests to different addresses, by turns with \`fetch\` and XHR, in a page that is then closed: those whose address is nowhere in what was sent. An agent that tells of few is cheap for that reason.
- **lost at a navigation**: pages that make one request and navigate on in the task in which its answer was read.
- **lost when the renderer is killed**: 3 requests, 100 ms, SIGKILL.

To repeat it: \`npm run bench browser\`, on a machine that has nothing else to do; \`-- --rounds 3\` for a look, \`-- --agents clickspan,sentry\` for some agents (then this file is left as it is). The first run installs the peers into \`test/bench/peers\`.
`;
}
