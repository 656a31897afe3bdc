import { randomUUID } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import { createFifoOrder } from './fifoOrder.ts';
import type { OutgoingMessage, ReceivedMessage, SentMessage } from './message.ts';
import { sizeOf } from './sqsParameters.ts';

export interface QueueOptions {
  readonly visibilityTimeoutMs: number;
  /** Whether groups of messages come in order, each message once; a standard queue unless set. */
  readonly fifo?: boolean | undefined;
  /** Undefined means that a message may be received without end. */
  readonly maxReceiveCount: number | undefined;
  readonly clock: Clock;
  /** Gets what was received too often. */
  readonly onDead: (message: ReceivedMessage) => void;
}

export interface ReceiveOptions {
  /** 1 and more. */
  readonly max: number;
  /** How much bodies and attributes may be together, enough for one message; no limit when left out. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for a first one. */
  readonly waitMs: number;
  readonly visibilityTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A queue in memory. */
export interface Queue {
  /** Takes a message in; of a FIFO queue's duplicate it tells what the first one was told. */
  send(message: OutgoingMessage): SentMessage;
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]>;
  /** True also when it was gone already, as in SQS; false when the handle is no handle of ours. */
  remove(receiptHandle: string): boolean;
  /** Hides a received message for so long from now on. */
  hide(receiptHandle: string, forMs: number): boolean;
  /** Gives a received message back unseen: it does not count as received. */
  giveBack(receiptHandle: string, afterMs: number): void;
  purge(): void;
  counts(): { readonly visible: number; readonly hidden: number; readonly delayed: number };
  stop(): void;
}

interface Stored {
  readonly messageId: string;
  readonly message: OutgoingMessage;
  readonly sequenceNumber: string | undefined;
  readonly sentUnixMs: number;
  visibleUnixMs: number;
  receiptHandle: string;
  receiveCount: number;
  firstReceivedUnixMs: number;
}

/**
 * Makes a queue.
 *
 * @param options its limits and the clock
 */
export function createQueue(options: QueueOptions): Queue {
  const { clock } = options;
  const stored = new Map<string, Stored>();
  const order = options.fifo ? createFifoOrder(clock) : undefined;
  const waiters = new Set<() => void>();
  let wakeTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** Wakes who waits, now or when the next hidden message comes out. */
  function wake(): void {
    clearTimeout(wakeTimer);
    if (waiters.size === 0 || stored.size === 0) return;
    let next = Infinity;
    const isBlocked = order?.blockedGroups();
    for (const { message, visibleUnixMs } of stored.values()) {
      // What waits for an earlier one of its group comes out with that one, or when that one is gone.
      if (!isBlocked?.(message.groupId, visibleUnixMs)) next = Math.min(next, visibleUnixMs);
    }
    const inMs = next - clock();
    if (inMs <= 0) for (const waiter of waiters) waiter();
    else wakeTimer = setTimeout(wake, Math.ceil(inMs));
  }

  function take({
    max,
    maxBytes = Infinity,
    visibilityTimeoutMs,
  }: ReceiveOptions): readonly ReceivedMessage[] {
    const taken: ReceivedMessage[] = [];
    const nowUnixMs = clock();
    let sizeBytes = 0;
    const isBlocked = order?.blockedGroups();
    for (const entry of stored.values()) {
      if (taken.length >= max) break;
      if (isBlocked?.(entry.message.groupId, entry.visibleUnixMs)) continue;
      if (entry.visibleUnixMs > nowUnixMs) continue;
      if (entry.receiveCount >= (options.maxReceiveCount ?? Infinity)) {
        stored.delete(entry.messageId);
        options.onDead(toReceived(entry));
        continue;
      }
      sizeBytes += sizeOf(entry.message);
      if (sizeBytes > maxBytes) break;
      entry.receiveCount++;
      if (entry.receiveCount === 1) entry.firstReceivedUnixMs = nowUnixMs;
      entry.receiptHandle = `${entry.messageId}#${randomUUID()}`;
      entry.visibleUnixMs = nowUnixMs + (visibilityTimeoutMs ?? options.visibilityTimeoutMs);
      taken.push(toReceived(entry));
    }
    return taken;
  }

  function receive(request: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const { waitMs, signal } = request;
    const present = take(request);
    if (present.length > 0 || waitMs <= 0 || stopped || signal?.aborted) return Promise.resolve(present);
    return new Promise((resolve) => {
      const finish = (messages: readonly ReceivedMessage[]): void => {
        waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(messages);
      };
      const waiter = (): void => {
        const messages = take(request);
        if (messages.length > 0 || stopped) finish(messages);
      };
      const onAbort = (): void => finish([]);
      const timer = setTimeout(() => finish([]), waitMs);
      signal?.addEventListener('abort', onAbort);
      waiters.add(waiter);
      wake();
    });
  }

  function find(receiptHandle: string): Stored | undefined {
    const entry = stored.get(receiptHandle.split('#')[0]!);
    return entry?.receiptHandle === receiptHandle ? entry : undefined;
  }

  function hide(receiptHandle: string, forMs: number): boolean {
    const entry = find(receiptHandle);
    if (entry) entry.visibleUnixMs = clock() + forMs;
    wake();
    return entry !== undefined;
  }

  return {
    send: (message) => {
      const known = order?.duplicateOf(message.deduplicationId);
      if (known) return known;
      const messageId = randomUUID();
      const sequenceNumber = order?.nextSequenceNumber();
      order?.remember(message.deduplicationId, { messageId, sequenceNumber });
      const sentUnixMs = clock();
      const visibleUnixMs = sentUnixMs + message.delayMs;
      const entry = {
        messageId,
        message,
        sequenceNumber,
        sentUnixMs,
        visibleUnixMs,
        receiptHandle: '',
        receiveCount: 0,
        firstReceivedUnixMs: 0,
      };
      stored.set(messageId, entry);
      wake();
      return { messageId, sequenceNumber };
    },
    receive,
    remove: (receiptHandle) => {
      const entry = find(receiptHandle);
      if (entry) stored.delete(entry.messageId);
      // The next one of its group may come now.
      if (order) wake();
      return /^[0-9a-f-]{36}#[0-9a-f-]{36}$/.test(receiptHandle);
    },
    hide,
    giveBack: (receiptHandle, afterMs) => {
      const entry = find(receiptHandle);
      if (!entry) return;
      entry.receiveCount--;
      hide(receiptHandle, afterMs);
    },
    purge: () => stored.clear(),
    counts: () => {
      const nowUnixMs = clock();
      const later = [...stored.values()].filter(({ visibleUnixMs }) => visibleUnixMs > nowUnixMs);
      const delayed = later.filter(({ receiveCount }) => receiveCount === 0).length;
      return { visible: stored.size - later.length, hidden: later.length - delayed, delayed };
    },
    stop: () => {
      stopped = true;
      clearTimeout(wakeTimer);
      for (const waiter of waiters) waiter();
    },
  };
}

function toReceived({ messageId, message, ...entry }: Stored): ReceivedMessage {
  const { body, attributes, traceHeader, groupId, deduplicationId } = message;
  const { receiptHandle, sequenceNumber, sentUnixMs, firstReceivedUnixMs, receiveCount } = entry;
  return {
    messageId,
    receiptHandle,
    body,
    attributes,
    traceHeader,
    sentUnixMs,
    firstReceivedUnixMs,
    receiveCount,
    groupId,
    deduplicationId,
    sequenceNumber,
  };
}
