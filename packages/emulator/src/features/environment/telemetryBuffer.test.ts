import { describe, expect, it } from 'vitest';
import { createTelemetryBuffer } from './telemetryBuffer.ts';
import type { TelemetryBuffer, TelemetryEvent } from './telemetryBuffer.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html, "Buffering configuration" (maxItems, maxBytes,
// timeoutMs), and telemetry-schema-reference.html, platform.logsDropped.

interface Bench {
  readonly buffer: TelemetryBuffer;
  /** The records of each batch that was sent. */
  readonly batches: unknown[][];
  /** Lets the batches under way, and those after them, arrive or fail. */
  readonly listener: { takes: boolean };
}

const LONG_MS = 600_000;
const event = (record: unknown): TelemetryEvent => ({ time: '', type: 'function', record });
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function bench(limits: { maxItems?: number; maxBytes?: number; timeoutMs?: number } = {}): Bench {
  const batches: unknown[][] = [];
  const listener = { takes: true };
  const buffer = createTelemetryBuffer({
    subscription: { url: '', types: [], maxItems: 1000, maxBytes: 262_144, timeoutMs: LONG_MS, ...limits },
    post: (_, body) => {
      if (listener.takes) batches.push((JSON.parse(body) as TelemetryEvent[]).map(({ record }) => record));
      return Promise.resolve(listener.takes);
    },
    toDropped: (records) => ({ time: '', type: 'platform.logsDropped', record: { dropped: records } }),
  });
  return { buffer, batches, listener };
}

describe('a buffer of telemetry', () => {
  it('sends when there are as many events as its listener wants', async () => {
    const { buffer, batches } = bench({ maxItems: 2 });
    for (const each of [1, 2, 3]) buffer.add(event(each));
    await turn();
    expect(batches).toEqual([[1, 2]]);
  });

  it('sends when there are as many bytes', async () => {
    const { buffer, batches } = bench({ maxBytes: 100 });
    buffer.add(event('x'.repeat(20)));
    expect(batches).toEqual([]);
    buffer.add(event('y'.repeat(60)));
    await turn();
    expect(batches).toEqual([['x'.repeat(20)], ['y'.repeat(60)]]);
  });

  it('sends when the first has waited long enough', async () => {
    const { buffer, batches } = bench({ timeoutMs: 1 });
    buffer.add(event(1));
    while (batches.length === 0) await turn();
    expect(batches).toEqual([[1]]);
  });

  it('sends nothing while frozen, and what has waited as soon as that is over', async () => {
    const { buffer, batches } = bench({ timeoutMs: 1, maxItems: 2 });
    buffer.freeze();
    for (const each of [1, 2]) buffer.add(event(each));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(batches).toEqual([]);
    buffer.thaw();
    await turn();
    expect(batches).toEqual([[1, 2]]);
  });

  it('keeps what did not arrive, in its order', async () => {
    const { buffer, batches, listener } = bench();
    listener.takes = false;
    buffer.add(event(1));
    buffer.flush();
    await turn();
    buffer.add(event(2));
    listener.takes = true;
    buffer.flush();
    await turn();
    expect(batches).toEqual([[1, 2]]);
  });

  it('drops what a listener that takes nothing has no room for, and tells it later how much', async () => {
    const { buffer, batches, listener } = bench({ maxItems: 2 });
    listener.takes = false;
    for (let each = 0; each < 20; each++) buffer.add(event(each));
    await turn();
    listener.takes = true;
    for (let round = 0; round < 10; round++) {
      buffer.flush();
      await turn();
    }
    const records = batches.flat();
    const dropped = records.find((record) => typeof record === 'object') as { dropped: number };
    expect(dropped.dropped + records.length - 1).toBe(20);
    expect(dropped.dropped).toBeGreaterThan(5);
  });
});
