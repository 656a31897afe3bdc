import type { Figure, FigureSpec } from '../figure.ts';
import { SIZE_BOUNDS } from '../sizes.ts';
import type { Edition } from './agents.ts';

/** One thing that is measured of every agent. */
export interface Row {
  readonly key: RowKey;
  /** As figures are named. */
  readonly name: string;
  /** As tables are headed. */
  readonly heading: string;
  readonly unit: Figure['unit'];
  readonly digits: number;
  readonly better?: 'more';
  /** What design section 6 and the budgets ask of us. */
  readonly goals?: Partial<Record<Edition, number>>;
  /** What is not to be exceeded where a goal is missed (docs/adr/0012-budgets-of-the-browser-agent.md). */
  readonly bounds?: Partial<Record<Edition, Bound>>;
}

/** A number, or the figure of a peer in the same run where figures differ too much from run to run. */
export type Bound = number | { readonly peer: string };

export type RowKey =
  | 'size'
  | 'start'
  | 'throttledStart'
  | 'deferredStart'
  | 'heapAfterStart'
  | 'click'
  | 'fetchCpu'
  | 'xhrCpu'
  | 'clickedCpu'
  | 'fetchAddedUs'
  | 'xhrAddedUs'
  | 'heapAfterCalls'
  | 'plainBytes'
  | 'gzipBytes'
  | 'sentBytes'
  | 'posts'
  | 'spans'
  | 'untold'
  | 'navigation'
  | 'kill';

/** All rows, in the order of the tables. */
export const ROWS: readonly Row[] = [
  {
    key: 'size',
    name: 'script, gzip',
    heading: 'script, B gzip',
    unit: 'B',
    digits: 0,
    goals: { own: 12_000, opentelemetry: 32_000, snippet: 800 },
    bounds: { own: SIZE_BOUNDS['clickspan.js']! },
  },
  {
    key: 'start',
    name: 'eval + init',
    heading: 'start, ms',
    unit: 'ms',
    digits: 1,
    goals: { own: 3, snippet: 0.5 },
    bounds: { own: 7 },
  },
  {
    key: 'throttledStart',
    name: 'eval + init at 4 × CPU throttle',
    heading: 'start at 4 × throttle, ms',
    unit: 'ms',
    digits: 1,
  },
  {
    key: 'deferredStart',
    name: 'scripts until the document is ready, script by address with defer',
    heading: 'start by `defer`, ms of CPU',
    unit: 'ms',
    digits: 1,
    goals: { own: 3 },
    bounds: { own: 6 },
  },
  {
    key: 'heapAfterStart',
    name: 'heap after init',
    heading: 'heap after start, KB',
    unit: 'KB',
    digits: 0,
    goals: { own: 50 },
    bounds: { own: 420 },
  },
  {
    key: 'click',
    name: 'added to the dispatch of a click',
    heading: 'added to a click, ms',
    unit: 'ms',
    digits: 3,
    goals: { own: 0.1, opentelemetry: 0.1 },
    bounds: { own: 0.3, opentelemetry: 0.3 },
  },
  {
    key: 'fetchCpu',
    name: 'main-thread CPU per fetch, ratio to none',
    heading: 'CPU per fetch, ratio',
    unit: 'ratio',
    digits: 2,
    goals: { own: 1.1 },
    bounds: { own: { peer: 'elastic' } },
  },
  {
    key: 'xhrCpu',
    name: 'main-thread CPU per XHR, ratio to none',
    heading: 'CPU per XHR, ratio',
    unit: 'ratio',
    digits: 2,
    goals: { own: 1.12 },
    bounds: { own: { peer: 'elastic' } },
  },
  {
    key: 'clickedCpu',
    name: 'main-thread CPU per fetch made in a click, ratio to none',
    heading: 'CPU per fetch in clicks, ratio',
    unit: 'ratio',
    digits: 2,
  },
  {
    key: 'fetchAddedUs',
    name: 'main-thread CPU added per fetch',
    heading: 'added per fetch, µs',
    unit: 'µs',
    digits: 0,
  },
  {
    key: 'xhrAddedUs',
    name: 'main-thread CPU added per XHR',
    heading: 'added per XHR, µs',
    unit: 'µs',
    digits: 0,
  },
  {
    key: 'heapAfterCalls',
    name: 'heap after all requests and a flush',
    heading: 'heap after the requests, KB',
    unit: 'KB',
    digits: 0,
  },
  {
    key: 'plainBytes',
    name: 'bytes per request, plain',
    heading: 'per request, B plain',
    unit: 'B',
    digits: 0,
    goals: { own: 400, opentelemetry: 400 },
    bounds: { own: 850, opentelemetry: 850 },
  },
  {
    key: 'gzipBytes',
    name: 'bytes per request, gzip',
    heading: 'per request, B gzip',
    unit: 'B',
    digits: 0,
    goals: { own: 80, opentelemetry: 80 },
  },
  {
    key: 'sentBytes',
    name: 'bytes per request as sent',
    heading: 'per request, B as sent',
    unit: 'B',
    digits: 0,
  },
  {
    key: 'posts',
    name: 'times that something was sent',
    heading: 'times sent',
    unit: 'count',
    digits: 0,
  },
  {
    key: 'spans',
    name: 'request spans per request, where they can be counted',
    heading: 'spans per request',
    unit: 'ratio',
    digits: 3,
    better: 'more',
    goals: { own: 1, opentelemetry: 1 },
  },
  {
    key: 'untold',
    name: 'requests not told of when the page is closed',
    heading: 'requests not told of',
    unit: 'count',
    digits: 0,
    goals: { own: 0, opentelemetry: 0 },
  },
  {
    key: 'navigation',
    name: 'requests lost that ended right before a navigation',
    heading: 'lost at a navigation',
    unit: 'count',
    digits: 0,
    goals: { own: 0, opentelemetry: 0 },
  },
  {
    key: 'kill',
    name: 'requests lost when the renderer was killed',
    heading: 'lost when the renderer is killed',
    unit: 'count',
    digits: 0,
    goals: { own: 0, opentelemetry: 0 },
  },
];

/**
 * How the figure of a row is judged for an agent.
 *
 * @param valueOf gives the row's figure of a peer, where that was measured
 */
export function toSpec(
  row: Row,
  { name, edition }: { readonly name: string; readonly edition?: Edition },
  valueOf: (peer: string, row: RowKey) => number | undefined,
): FigureSpec {
  const isFile = row.key === 'size';
  const bound = edition && row.bounds?.[edition];
  return {
    name: `browser: ${row.name}`,
    agent: name,
    unit: row.unit,
    goal: edition && row.goals?.[edition],
    bound: typeof bound === 'object' ? valueOf(bound.peer, row.key) : bound,
    better: row.better ?? 'less',
    client: isFile ? 'file' : 'chromium',
  };
}
