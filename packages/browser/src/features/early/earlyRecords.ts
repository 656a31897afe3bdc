/**
 * What the inline snippet has kept until the agent came. Lists instead of objects: the two are built apart, so they can
 * agree on no names that the build shortens.
 */
export type EarlyRecords = readonly [
  /** In order, the load first; when it is full, the snippet has ended. */
  records: (EarlyEvent | EarlyRequest)[],
  patches: readonly EarlyPatch[],
  /** The session by which the snippet has sampled; it begins with its id, of which the last 14 digits have decided. */
  session: string,
];

/** So many records fit: perhaps the agent never comes. */
export const MAX_EARLY = 99;

/** A click or an error, with the ids of its action, if it is one. The load has none: 0. */
export type EarlyEvent = readonly [event: Event, traceId: string, spanId: string];

/**
 * A request. Its end is told by `push`, so whoever puts another function there is told of it. Times are in ms since the
 * page's time origin.
 */
export type EarlyRequest = [
  /** By default `GET`. */
  method: string | undefined,
  traceId: string,
  spanId: string,
  /** Absent for one that has no known cause. */
  parentSpanId: string | undefined,
  href: string,
  startMs: number,
  ...end: EarlyEnd | [],
];

/** The end of a request. */
export type EarlyEnd = [endMs: number, status?: number, errorName?: string, headers?: Headers];

/** A method as it was and as it is. */
export type EarlyPatch = readonly [owner: object, name: string, original: unknown, patched: unknown];
