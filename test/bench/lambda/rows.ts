import type { Figure } from '../figure.ts';

/** One thing that is measured of every agent. */
export interface Row {
  readonly key: RowKey;
  /** As figures are named. */
  readonly name: string;
  /** As tables are headed. */
  readonly heading: string;
  readonly unit: Figure['unit'];
  readonly digits: number;
  /** What design section 6 and the budgets ask of us. */
  readonly goal?: number;
  /** The goal is one for the upper bound of the median. */
  readonly isBounded?: true;
}

export type RowKey =
  | 'zip'
  | 'files'
  | 'init'
  | 'initRatio'
  | 'initCpu'
  | 'initRss'
  | 'warmRss'
  | 'first'
  | 'warm'
  | 'calling'
  | 'cpu'
  | 'late'
  | 'lost';

/** All rows, in the order of the tables. */
export const ROWS: readonly Row[] = [
  { key: 'zip', name: 'zip', heading: 'zip, kB', unit: 'KB', digits: 1, goal: 40 },
  { key: 'files', name: 'files', heading: 'files', unit: 'count', digits: 0, goal: 10 },
  { key: 'init', name: 'added INIT', heading: 'added INIT, ms', unit: 'ms', digits: 1, goal: 5 },
  {
    key: 'initRatio',
    name: 'INIT, ratio to bare',
    heading: 'INIT, × bare',
    unit: 'ratio',
    digits: 2,
    goal: 1.1,
  },
  { key: 'initCpu', name: 'CPU added to INIT', heading: 'CPU of INIT, ms', unit: 'ms', digits: 1, goal: 5 },
  {
    key: 'initRss',
    name: 'memory added at the end of INIT',
    heading: 'memory after INIT, MB',
    unit: 'MB',
    digits: 1,
    goal: 1.5,
  },
  {
    key: 'warmRss',
    name: 'memory added after 200 invocations',
    heading: 'after 200 invocations, MB',
    unit: 'MB',
    digits: 1,
    goal: 6,
  },
  {
    key: 'first',
    name: 'added to the first invocation',
    heading: 'first invocation, ms',
    unit: 'ms',
    digits: 2,
    goal: 0.7,
  },
  {
    key: 'warm',
    name: "added on the caller's path, warm",
    heading: 'caller’s path, ms',
    unit: 'ms',
    digits: 3,
    goal: 0.05,
    isBounded: true,
  },
  {
    key: 'calling',
    name: "added on the caller's path, three child spans",
    heading: 'with three child spans, ms',
    unit: 'ms',
    digits: 3,
    goal: 0.15,
    isBounded: true,
  },
  {
    key: 'cpu',
    name: 'CPU added to a warm invocation, export included',
    heading: 'CPU of an invocation, ms',
    unit: 'ms',
    digits: 2,
    goal: 0.3,
  },
  {
    key: 'late',
    name: 'invocations not told of while frozen',
    heading: 'not there while frozen',
    unit: 'count',
    digits: 0,
    goal: 0,
  },
  {
    key: 'lost',
    name: 'invocations lost when killed while frozen',
    heading: 'lost',
    unit: 'count',
    digits: 0,
    goal: 0,
  },
];
