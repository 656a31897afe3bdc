/** Tells the time as unix milliseconds with a fraction; monotonic within the process. */
export type Clock = () => number;

/** The machine's clock: unix milliseconds with a fraction, never backwards. */
export const nowUnixMs: Clock = () => performance.timeOrigin + performance.now();
