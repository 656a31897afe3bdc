import type { Clock } from '../../platform/clock.ts';
import { createRecentIds } from '../../platform/recentIds.ts';
import type { SentMessage } from './message.ts';

/** What makes a queue FIFO: order within groups, and each message once. */
export interface FifoOrder {
  /**
   * Begins a walk over the messages in their order. What it gives tells whether a message must wait for an earlier one of
   * its group that is hidden; of that one itself it says no.
   */
  blockedGroups(): (groupId: string | undefined, visibleUnixMs: number) => boolean;
  /** What was told of a message with this id within the last five minutes. */
  duplicateOf(deduplicationId: string | undefined): SentMessage | undefined;
  remember(deduplicationId: string | undefined, sent: SentMessage): void;
  /** Twenty digits, rising. */
  nextSequenceNumber(): string;
}

/** "Any messages with the same message deduplication ID are accepted … but not delivered during the 5-minute interval." */
const DEDUPLICATION_MS = 300_000;
const FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128n;

/**
 * Makes the order of one queue (SQS developer guide, "FIFO queue delivery logic").
 *
 * @param clock tells when an id is forgotten
 */
export function createFifoOrder(clock: Clock): FifoOrder {
  const recent = createRecentIds<SentMessage>(clock, DEDUPLICATION_MS);
  let next = FIRST_SEQUENCE_NUMBER;

  return {
    blockedGroups: () => {
      const blocked = new Set<string | undefined>();
      const nowUnixMs = clock();
      return (groupId, visibleUnixMs) => {
        if (blocked.has(groupId)) return true;
        if (visibleUnixMs > nowUnixMs) blocked.add(groupId);
        return false;
      };
    },
    duplicateOf: (deduplicationId) => recent.find(deduplicationId),
    remember: (deduplicationId, sent) => recent.remember(deduplicationId, sent),
    nextSequenceNumber: () => String(next++),
  };
}
