import type { Figure } from '../figure.ts';
import { toLines, toNumber } from '../markdown.ts';
import type { Machine } from '../machine.ts';
import type { LambdaAgent } from './agents.ts';
import { listHarm } from './harm.ts';
import { COLLECTOR_MODES } from './intake.ts';
import type { LambdaResults, RuntimeResults } from './measureLambda.ts';
import { ROWS, type Row, type RowKey } from './rows.ts';

const TABLES: readonly (readonly [title: string, keys: readonly RowKey[]])[] = [
  ['To have it', ['zip', 'files', 'init', 'initRatio', 'initCpu', 'initRss', 'warmRss']],
  ['What an invocation costs', ['first', 'warm', 'calling', 'cpu']],
  ['What is lost in frozen environments', ['late', 'lost']],
];
/** An addition that is smaller than the noise is a number that says nothing. */
const MS_DIGITS = 3;

/** Writes the results as a part of a page for people: goals first, then all agents side by side, then how it was done. */
export function toMarkdown(results: LambdaResults, { cores, load }: Machine): string {
  const { runtimes, coldStarts, warm } = results;
  return `# Benchmarks of the Lambda agent

Written by \`npm run bench lambda\`; change \`test/bench\`, not this file.

The functions run in the project's emulator, on the runtime clients that AWS's images hold: ${runtimes.map(toClient).join('; ')}. ${cores} cores, load ${load.toFixed(1)} when it began; ${coldStarts} cold starts of each agent; ${toNumber(warm.pairs, 0)} warm invocations of each kind. Numbers are medians; after ± is half the distance between the quartiles. All but sizes and losses are what is added to the same function without an agent, in the same round.
Times depend on the machine, and AWS's machines are others: compare them within a table. Nothing of this ran on AWS.

## Goals of the Lambda agent

${toGoals(results)}

## Lambda agents side by side
${TABLES.map(([title, keys]) => `\n### ${title}\n${runtimes.map((found) => toTable(results.agents, found, keys)).join('')}`).join('')}
## What a collector does to the function

The collector is fine, takes 50 ms, answers 503, refuses connections, never answers, or ends its side of the connection in the place of an answer; the function is busy, its invocations follow each other without a pause. **Waits more** is what is added to the time that the caller waits: the median, the upper bound of the median with 95 % certainty, and how much later the slowest of a hundred responses is. **Tail** is what follows the response, is billed, and keeps the environment busy: usually, at most, and usually in the second half of the invocations. **Changed** counts results that differ from those of the function without an agent, but for one more \`Server-Timing\` header.
${runtimes.map(toHarmTable).join('')}
${toMethod(results)}`;
}

function toClient({ runtime, client }: RuntimeResults): string {
  const version = runtime === 'nodejs24.x' ? '4.0.2' : '3.3.0';
  const half = client === 'native' ? 'with its native half' : 'with a stand-in for its native half';
  return `${runtime}, aws-lambda-ric ${version} ${half}`;
}

function toGoals({ agents, runtimes }: LambdaResults): string {
  const peers = agents.filter(({ isOwn }) => !isOwn);
  const rows = runtimes.flatMap((found) =>
    agents
      .filter(({ isOwn }) => isOwn)
      .flatMap((own) =>
        ROWS.filter(({ key }) => found.figures.get(own)?.get(key)?.goal !== undefined).map((row) => {
          const figure = found.figures.get(own)!.get(row.key)!;
          return [
            row.heading,
            found.runtime,
            `≤ ${toNumber(figure.goal!, row.digits)}`,
            toCell(found, own, row),
            toVerdict(figure),
            toBest(found, peers, row),
          ];
        }),
      ),
  );
  return toLines(['', 'runtime', 'goal', 'measured', '', 'best peer'], rows);
}

function toVerdict({ pass }: Figure): string {
  if (pass === undefined) return 'not resolved';
  return pass ? 'met' : '**missed**';
}

function toBest(found: RuntimeResults, peers: readonly LambdaAgent[], row: Row): string {
  const valueOf = (agent: LambdaAgent): number => found.figures.get(agent)?.get(row.key)?.value ?? Infinity;
  const best = peers.toSorted((a, b) => valueOf(a) - valueOf(b))[0];
  return best && valueOf(best) < Infinity ? `${toCell(found, best, row)} (${best.name})` : '–';
}

function toTable(agents: readonly LambdaAgent[], found: RuntimeResults, keys: readonly RowKey[]): string {
  const rows = keys.map((key) => ROWS.find((row) => row.key === key)!);
  const table = toLines(
    [found.runtime, ...rows.map(({ heading }) => heading)],
    agents.map((agent) => [toName(agent), ...rows.map((row) => toCell(found, agent, row))]),
  );
  return `\n${table}\n`;
}

function toName({ name, version, isOwn }: LambdaAgent): string {
  if (isOwn) return `**${name}**`;
  return version ? `${name} ${version}` : name;
}

function toCell({ figures, frozen }: RuntimeResults, agent: LambdaAgent, { key, digits }: Row): string {
  const figure = figures.get(agent)?.get(key);
  if (!figure) return '–';
  const text = toNumber(figure.value, digits);
  if (key === 'late' || key === 'lost') return `${text} of ${toNumber(frozen.get(agent)!.of, 0)}`;
  if (figure.upperBound !== undefined) return `${text} (≤ ${toNumber(figure.upperBound, digits)})`;
  return figure.spread > 0 ? `${text} ± ${toNumber(figure.spread / 2, digits)}` : text;
}

function toHarmTable({ runtime, harm }: RuntimeResults): string {
  return [...harm]
    .map(([agent, modes]) => {
      const rows = COLLECTOR_MODES.filter((mode) => modes.has(mode)).map((mode) => {
        const { added, addedP99, tail, longestTail, laterTail, changed } = modes.get(mode)!;
        const judged = listHarm(modes.get(mode)!).filter(({ goal }) => goal !== undefined);
        return [
          mode,
          `${toNumber(added.value, MS_DIGITS)} (≤ ${toNumber(added.upperBound!, MS_DIGITS)})`,
          toNumber(addedP99.value, 1),
          toNumber(tail.value, 1),
          toNumber(longestTail.value, 1),
          toNumber(laterTail.value, 1),
          `${changed.value} of ${toNumber(added.n, 0)}`,
          ...(agent.isOwn ? [toWorst(judged)] : []),
        ];
      });
      const head = [
        'collector',
        'waits more, ms',
        'at p99, ms',
        'tail, ms',
        'longest, ms',
        'later on, ms',
        'changed',
        ...(agent.isOwn ? ['goals'] : []),
      ];
      return `\n### ${agent.name}, ${runtime}\n\n${toLines(head, rows)}\n`;
    })
    .join('');
}

/** Of several figures, those that miss their goals, by what they are. */
function toWorst(judged: readonly Figure[]): string {
  const missed = judged.filter(({ pass }) => pass === false);
  if (missed.length > 0)
    return missed.map(({ name }) => `**missed**: ${name.slice(8, name.indexOf(','))}`).join(', ');
  return judged.some(({ pass }) => pass === undefined) ? 'response not resolved, others met' : 'met';
}

function toMethod({ agents, runtimes, warm }: LambdaResults): string {
  const bare = runtimes
    .map(
      ({ runtime, bare: { initMs, initCpuMs, initRssMb, plainMs, cpuMs } }) =>
        `${runtime}: INIT ${toOptional(initMs)} ms, ${toOptional(initCpuMs)} ms of CPU, ${toOptional(initRssMb)} MB; a warm invocation ${toOptional(plainMs, 2)} ms, ${toOptional(cpuMs, 2)} ms of CPU`,
    )
    .join('. ');
  return `## How Lambda agents are measured

The function answers an event of an HTTP API, and makes requests over \`node:http\` where there are to be child spans; it is CommonJS, so that agents which patch \`require\` see it. 512 MB. Every agent has a collector of its own on loopback, over HTTP or UDP. Rounds are interleaved, and begin with another agent than the one before. Without an agent: ${bare}.

- **zip, files**: what a function has to carry, compressed as far as zip can: a layer, or the packages with all that they depend on, as npm installs them, not bundled.
- **INIT**: from the start of the process until runtime and extensions have asked for their first event. CPU is that of all threads by the scheduler's account; memory is resident and read while the environment stands still.
- **first invocation**: from the delivery of the first event to the end of its response.
- **caller’s path**: the same of warm invocations, one at a time, over ${warm.environments} environments of each agent, after ${warm.warmUp} invocations; in parentheses the upper bound of the median with 95 % certainty. A second function without an agent takes part: where its difference from the first may be as large as the goal, the goal is *not resolved*.
- **CPU of an invocation**: with everything that follows it, sending included.
- **not there while frozen**: invocations of which the collector had not been told when their environment had been stopped (SIGSTOP) within a millisecond of the last \`/next\` and had stood still for two seconds. **Lost**: of those, what never came; environments are killed as they stand after their last invocation.

How the agents are set up:

${agents
  .filter(({ setup }) => setup)
  .map((agent) => `- ${toName(agent)}: ${agent.setup}.`)
  .join('\n')}

To repeat it: \`npm run bench lambda\`, on a machine that has nothing else to do; \`-- --rounds 0.1\` for a look, \`-- --agents clickspan,xray\`, \`-- --only starts,warm\` and \`-- --runtimes nodejs24.x\` for a part of it (then this file is left as it is). The first run installs the peers into \`test/bench/lambdaPeers\`; \`node scripts/buildNative.mjs\` builds the native halves of the runtime clients.
`;
}

function toOptional(value: number | undefined, digits = 1): string {
  return value === undefined ? '–' : toNumber(value, digits);
}
