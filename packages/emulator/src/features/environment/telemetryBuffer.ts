import type { TelemetrySubscription } from './telemetrySubscription.ts';

/** One event as listeners get it. */
export interface TelemetryEvent {
  /** ISO 8601, in UTC. */
  readonly time: string;
  /** `platform.…`, `function` or `extension`. */
  readonly type: string;
  readonly record: unknown;
}

/** Posts a batch to a listener; false when it did not arrive. */
export type PostBatch = (url: string, body: string) => Promise<boolean>;

/** What waits for one listener. */
export interface TelemetryBuffer {
  add(event: TelemetryEvent): void;
  /** Sends what waits without waiting for more. */
  flush(): void;
  /** Nothing is sent while the environment is frozen. */
  freeze(): void;
  /** What has waited meanwhile goes out at once. */
  thaw(): void;
  /** Drops all that waits, and sends no more. */
  stop(): void;
}

export interface BufferOptions {
  readonly subscription: TelemetrySubscription;
  readonly post: PostBatch;
  /** Makes the event that tells a listener what it has missed. */
  readonly toDropped: (records: number, bytes: number) => TelemetryEvent;
}

/** A listener that takes nothing costs no more than so many batches of memory. */
const BATCHES_KEPT = 4;

/**
 * Gathers events for one listener and sends them in batches: when there are as many as it wants, or bytes, or when the
 * first has waited for as long as it wants (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html).
 *
 * @param options the subscription and the way to its listener
 */
export function createTelemetryBuffer({ subscription, post, toDropped }: BufferOptions): TelemetryBuffer {
  const { url, maxItems, maxBytes, timeoutMs } = subscription;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let dropped = { records: 0, bytes: 0 };
  let timer: NodeJS.Timeout | undefined;
  let state: 'awake' | 'frozen' | 'stopped' = 'awake';
  let sending = false;

  function add(event: TelemetryEvent): void {
    if (state === 'stopped') return;
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text);
    if (waitingBytes + bytes > BATCHES_KEPT * maxBytes || waiting.length >= BATCHES_KEPT * maxItems) {
      dropped = { records: dropped.records + 1, bytes: dropped.bytes + bytes };
      return;
    }
    keep(text, bytes);
    if (isFull()) flush();
    else arm();
  }

  function keep(text: string, bytes: number): void {
    waiting.push(text);
    waitingBytes += bytes;
  }

  const isFull = (): boolean => waiting.length >= maxItems || waitingBytes >= maxBytes;

  function arm(): void {
    if (state !== 'awake' || waiting.length === 0) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      flush();
    }, timeoutMs).unref();
  }

  function flush(): void {
    if (state !== 'awake' || sending || waiting.length === 0) return;
    clearTimeout(timer);
    timer = undefined;
    void send(takeBatch());
  }

  function takeBatch(): readonly string[] {
    let count = 0;
    let bytes = 0;
    while (count < waiting.length && count < maxItems) {
      const next = Buffer.byteLength(waiting[count]!);
      // A single event may be larger than a batch.
      if (count > 0 && bytes + next > maxBytes) break;
      bytes += next;
      count++;
    }
    waitingBytes -= bytes;
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  }

  async function send(batch: readonly string[]): Promise<void> {
    sending = true;
    const arrived = await post(url, `[${batch.join(',')}]`);
    sending = false;
    if (state === 'stopped') return;
    if (!arrived) {
      waiting = [...batch, ...waiting];
      waitingBytes += batch.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      return arm();
    }
    if (dropped.records > 0) {
      const { records, bytes } = dropped;
      dropped = { records: 0, bytes: 0 };
      const text = JSON.stringify(toDropped(records, bytes));
      keep(text, Buffer.byteLength(text));
    }
    if (isFull()) flush();
    else arm();
  }

  return {
    add,
    flush,
    freeze: () => {
      if (state === 'awake') state = 'frozen';
      clearTimeout(timer);
      timer = undefined;
    },
    thaw: () => {
      if (state !== 'frozen') return;
      state = 'awake';
      flush();
    },
    stop: () => {
      state = 'stopped';
      clearTimeout(timer);
      waiting = [];
    },
  };
}
