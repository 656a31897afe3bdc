import { describe, expect, it } from 'vitest';
import { parseFifo } from './fifoParameters.ts';
import type { ReceivedMessage, SentMessage } from './message.ts';
import { toSystemAttributes } from './message.ts';
import { createQueue } from './queue.ts';
import type { Queue } from './queue.ts';

// Sources, in https://docs.aws.amazon.com/AWSSimpleQueueService/latest/
// [delivery] SQSDeveloperGuide/FIFO-queues-understanding-logic.html
// [once] SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
// [send] APIReference/API_SendMessage.html

interface Bench {
  readonly queue: Queue;
  readonly advance: (ms: number) => void;
  readonly send: (groupId: string, body: string, deduplicationId?: string) => SentMessage;
  readonly receive: (max?: number) => Promise<readonly ReceivedMessage[]>;
}

function bench(): Bench {
  let now = 1_000_000;
  const queue = createQueue({
    fifo: true,
    visibilityTimeoutMs: 30_000,
    maxReceiveCount: undefined,
    clock: () => now,
    onDead: () => undefined,
  });
  return {
    queue,
    advance: (ms) => {
      now += ms;
    },
    send: (groupId, body, deduplicationId = body) =>
      queue.send({ body, attributes: {}, traceHeader: undefined, delayMs: 0, groupId, deduplicationId }),
    receive: (max = 10) => queue.receive({ max, waitMs: 0 }),
  };
}

const bodies = (messages: readonly ReceivedMessage[]): string => messages.map(({ body }) => body).join();

describe('a FIFO queue', () => {
  it('hands over a group in order, and nothing more of it while a message is out [delivery]', async () => {
    const { queue, send, receive } = bench();
    send('a', 'a1');
    send('a', 'a2');
    send('b', 'b1');
    send('a', 'a3');
    const [first] = await receive(1);
    expect(first!.body).toBe('a1');
    expect(bodies(await receive())).toBe('b1');
    expect(bodies(await receive())).toBe('');
    queue.remove(first!.receiptHandle);
    expect(bodies(await receive())).toBe('a2,a3');
  });

  it('hands over a message again before those behind it [delivery]', async () => {
    const { send, receive, advance } = bench();
    send('a', 'a1');
    send('a', 'a2');
    await receive(1);
    advance(30_000);
    expect(bodies(await receive())).toBe('a1,a2');
  });

  it('wakes who waits for the next one of a group', async () => {
    const { queue, send, receive } = bench();
    send('a', 'a1');
    send('a', 'a2');
    const [first] = await receive(1);
    const waiting = queue.receive({ max: 1, waitMs: 20_000 });
    queue.remove(first!.receiptHandle);
    expect(bodies(await waiting)).toBe('a2');
    queue.stop();
  });

  it('takes a message once within five minutes, and tells the same of the second [once]', async () => {
    const { send, receive, advance } = bench();
    const first = send('a', 'one', 'id');
    advance(299_999);
    expect(send('a', 'two', 'id')).toEqual(first);
    advance(1);
    const third = send('a', 'three', 'id');
    expect(third.messageId).not.toBe(first.messageId);
    expect(BigInt(third.sequenceNumber!) > BigInt(first.sequenceNumber!)).toBe(true);
    expect(bodies(await receive())).toBe('one,three');
  });

  it('says group, id and number with its messages', async () => {
    const { send, receive } = bench();
    const { sequenceNumber } = send('a', 'a1', 'id');
    const [message] = await receive();
    expect(toSystemAttributes(message!)).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: 'id',
      SequenceNumber: sequenceNumber,
    });
    expect(sequenceNumber).toMatch(/^\d{20}$/);
  });
});

describe('a message for a FIFO queue', () => {
  const explicit = { contentBasedDeduplication: false };
  const byContent = { contentBasedDeduplication: true };

  it('is known by its body where that is configured [send]', () => {
    const known = parseFifo({ MessageGroupId: 'a', MessageBody: 'hello' }, byContent);
    expect(known).toEqual({ groupId: 'a', deduplicationId: expect.stringMatching(/^2cf24dba/) as string });
    expect(parseFifo({ MessageGroupId: 'a', MessageDeduplicationId: 'b' }, byContent).deduplicationId).toBe(
      'b',
    );
  });

  it.each([
    ['MessageGroupId', {}],
    ['ContentBasedDeduplication enabled or MessageDeduplicationId', { MessageGroupId: 'a' }],
    ['parameter MessageGroupId is invalid', { MessageGroupId: 'a b', MessageDeduplicationId: 'b' }],
    [
      'parameter DelaySeconds is invalid',
      { MessageGroupId: 'a', MessageDeduplicationId: 'b', DelaySeconds: 1 },
    ],
  ])('is refused because of %s [send]', (message, entry) => {
    expect(() => parseFifo(entry, explicit)).toThrow(message);
  });

  it('is no message for a standard queue, which takes a group but no deduplication id [send]', () => {
    expect(parseFifo({ MessageGroupId: 'a' }, undefined)).toEqual({ groupId: 'a' });
    expect(() => parseFifo({ MessageDeduplicationId: 'b' }, undefined)).toThrow(
      'not valid for this queue type',
    );
  });
});
