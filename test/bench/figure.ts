/** One measured figure, as a line of `npm run bench`. */
export interface Figure {
  readonly name: string;
  /** The median of the samples, or the one value of what does not vary. */
  readonly value: number;
  /** Whose figure it is, where several are measured side by side. */
  readonly agent?: string;
  readonly unit: 'B' | 'KB' | 'ms' | 'ratio' | 'µs' | 'count' | 'spans/s';
  /** What design section 6 asks for, in the same unit; absent where it asks for nothing, as of other agents. */
  readonly goal?: number;
  readonly pass?: boolean;
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
  readonly better: 'less' | 'more';
  readonly client: Figure['client'];
}

/**
 * Makes a figure of samples.
 *
 * @param samples at least one
 */
export function toFigure(spec: FigureSpec, samples: readonly number[]): Figure {
  const { name, agent, unit, goal, better, client } = spec;
  const value = quantile(samples, 0.5);
  return {
    name,
    ...(agent === undefined ? {} : { agent }),
    value: round(value),
    unit,
    ...(goal === undefined ? {} : { goal, pass: better === 'less' ? value <= goal : value >= goal }),
    n: samples.length,
    spread: round(quantile(samples, 0.75) - quantile(samples, 0.25)),
    client,
  };
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
