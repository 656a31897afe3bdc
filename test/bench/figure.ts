/** One measured figure, as a line of `npm run bench`. */
export interface Figure {
  readonly name: string;
  /** The median of the samples, or the one value of what does not vary. */
  readonly value: number;
  /** Whose figure it is, where several are measured side by side. */
  readonly agent?: string;
  readonly unit: 'B' | 'KB' | 'MB' | 'ms' | 'ratio' | 'µs' | 'count' | 'spans/s';
  /** What design section 6 asks for, in the same unit; absent where it asks for nothing, as of other agents. */
  readonly goal?: number;
  /** Absent where there is no goal, or where the noise does not allow to say. */
  readonly pass?: boolean;
  /** What is not to be exceeded where the goal has been missed, in the same unit; a figure beyond it is a step back. */
  readonly bound?: number;
  /** Absent where there is no bound. */
  readonly isInBound?: boolean;
  /** Below which the true median is with 95 % certainty, where the goal is one for that. */
  readonly upperBound?: number;
  /** How many samples the value is the median of. */
  readonly n: number;
  /** Third quartile less first, in the same unit; 0 for what does not vary. */
  readonly spread: number;
  /** The half of the runtime client in use where functions ran, else what the figure was taken with. */
  readonly client: 'native' | 'stand-in' | 'chromium' | 'engine' | 'file';
}

/** What a figure is judged by. */
export interface FigureSpec {
  readonly name: string;
  readonly agent?: string;
  readonly unit: Figure['unit'];
  readonly goal?: number | undefined;
  readonly bound?: number | undefined;
  readonly better: 'less' | 'more';
  readonly client: Figure['client'];
}

/**
 * Makes a figure of samples.
 *
 * @param samples at least one
 */
export function toFigure(spec: FigureSpec, samples: readonly number[]): Figure {
  const { name, agent, unit, goal, bound, better, client } = spec;
  const value = quantile(samples, 0.5);
  const isWithin = (than: number): boolean => (better === 'less' ? value <= than : value >= than);
  return {
    name,
    ...(agent === undefined ? {} : { agent }),
    value: round(value),
    unit,
    ...(goal === undefined ? {} : { goal, pass: isWithin(goal) }),
    ...(bound === undefined ? {} : { bound, isInBound: isWithin(bound) }),
    n: samples.length,
    spread: round(quantile(samples, 0.75) - quantile(samples, 0.25)),
    client,
  };
}

/**
 * Makes a figure of differences, judged by the upper bound of their median.
 *
 * @param noise what the same difference is between two equal things: where it is no smaller than the goal, only a value that
 *   is beyond the goal by more than that is judged
 */
export function toBoundedFigure(spec: FigureSpec, samples: readonly number[], noise: number): Figure {
  const { pass: _, ...figure } = toFigure(spec, samples);
  const upperBound = round(medianUpperBound(samples));
  const { goal, value } = figure;
  if (goal === undefined) return { ...figure, upperBound };
  if (value - noise > goal) return { ...figure, upperBound, pass: false };
  return noise < goal ? { ...figure, upperBound, pass: upperBound <= goal } : { ...figure, upperBound };
}

/** One-sided, of the normal distribution. */
const QUANTILE_95 = 1.645;

/** The sample below which the true median is with 95 % certainty, whatever the samples' distribution. */
export function medianUpperBound(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.ceil(sorted.length / 2 + (QUANTILE_95 * Math.sqrt(sorted.length)) / 2);
  const bound = sorted[Math.min(rank, sorted.length - 1)];
  if (bound === undefined) throw new Error('There are no samples.');
  return bound;
}

/** How far apart two equal things seem to be at most, by their differences. */
export function toNoise(differences: readonly number[]): number {
  return Math.max(medianUpperBound(differences), medianUpperBound(differences.map((value) => -value)));
}

/** The quantile of samples, linear between neighbours; `part` from 0 to 1. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new Error('There are no samples.');
  return below + (above - below) * (at - Math.floor(at));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
