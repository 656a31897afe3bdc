import type { Clock } from '../../platform/clock.ts';
import { parseJsonOrText } from '../../platform/json.ts';
import { createTelemetryBuffer } from './telemetryBuffer.ts';
import type { PostBatch, TelemetryBuffer, TelemetryEvent } from './telemetryBuffer.ts';
import { parseTelemetrySubscription } from './telemetrySubscription.ts';
import type { TelemetryType } from './telemetrySubscription.ts';

/** What the Telemetry API answers. */
export interface TelemetryAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The Telemetry API of one environment: what happens in it, and who wants to hear of that. */
export interface Telemetry {
  /** Something that the platform has seen or done, `platform.start` for example. */
  emit(type: string, record: Readonly<Record<string, unknown>>): void;
  /** A line that the function or an extension wrote. */
  line(type: 'function' | 'extension', text: string): void;
  /**
   * Takes a subscription, until INIT has ended.
   *
   * @param name of the extension
   * @param body what it sent
   */
  subscribe(name: string, body: Buffer): TelemetryAnswer;
  /** INIT has ended: no more subscriptions, and no more need to keep what was before them. */
  close(): void;
  /** Sends what waits without waiting for more. */
  flush(): void;
  freeze(): void;
  thaw(): void;
  /** The processes are gone, and with them every subscription. */
  reset(): void;
}

export interface TelemetryOptions {
  readonly clock: Clock;
  readonly post: PostBatch;
  /** Lines that are JSON objects are handed on as such: the JSON log format. */
  readonly parseLines: boolean;
  /** Sees every event of the platform's. */
  readonly onPlatformEvent: (event: TelemetryEvent) => void;
}

interface Listener {
  readonly types: readonly TelemetryType[];
  readonly buffer: TelemetryBuffer;
}

/** Events before a subscription are kept for it, up to so many. */
const BACKLOG_KEPT = 1000;

/**
 * Makes the Telemetry API of one environment
 * (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html, telemetry-schema-reference.html).
 *
 * @param options the clock and the way to the listeners
 */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const listeners = new Map<string, Listener>();
  let backlog: TelemetryEvent[] = [];
  let isOpen = true;

  function publish(event: TelemetryEvent): void {
    if (isOpen && backlog.length < BACKLOG_KEPT) backlog.push(event);
    for (const { types, buffer } of listeners.values()) if (types.includes(toType(event))) buffer.add(event);
  }

  const toEvent = (type: string, record: unknown): TelemetryEvent => ({
    time: new Date(options.clock()).toISOString(),
    type,
    record,
  });

  function emit(type: string, record: Readonly<Record<string, unknown>>): void {
    const event = toEvent(type, record);
    options.onPlatformEvent(event);
    publish(event);
  }

  return {
    emit,
    line: (type, text) =>
      publish(
        toEvent(type, options.parseLines ? (text.startsWith('{') ? parseJsonOrText(text) : text) : text),
      ),
    subscribe: (name, body) => {
      if (!isOpen)
        return refusal(403, 'Telemetry.SubscriptionClosed', 'Telemetry API subscription is closed');
      const subscription = parseTelemetrySubscription(body);
      if (typeof subscription === 'string') return refusal(400, 'ValidationError', subscription);
      listeners.get(name)?.buffer.stop();
      const buffer = createTelemetryBuffer({
        subscription,
        post: options.post,
        toDropped: (records, bytes) =>
          toEvent('platform.logsDropped', {
            droppedRecords: records,
            droppedBytes: bytes,
            reason: 'The listener did not take events as fast as they came.',
          }),
      });
      listeners.set(name, { types: subscription.types, buffer });
      for (const event of backlog) if (subscription.types.includes(toType(event))) buffer.add(event);
      emit('platform.telemetrySubscription', { name, state: 'Subscribed', types: subscription.types });
      return { status: 200, body: 'OK' };
    },
    close: () => {
      isOpen = false;
      backlog = [];
    },
    flush: () => listeners.forEach(({ buffer }) => buffer.flush()),
    freeze: () => listeners.forEach(({ buffer }) => buffer.freeze()),
    thaw: () => listeners.forEach(({ buffer }) => buffer.thaw()),
    reset: () => {
      for (const { buffer } of listeners.values()) buffer.stop();
      listeners.clear();
      backlog = [];
      isOpen = true;
    },
  };
}

function toType({ type }: TelemetryEvent): TelemetryType {
  return type === 'function' || type === 'extension' ? type : 'platform';
}

function refusal(status: number, errorType: string, errorMessage: string): TelemetryAnswer {
  return { status, body: { errorMessage, errorType } };
}
