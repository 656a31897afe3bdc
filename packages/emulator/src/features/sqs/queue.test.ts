import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from './message.ts';
import { createQueue } from './queue.ts';
import type { Queue } from './queue.ts';

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html,
// sqs-delay-queues.html, sqs-dead-letter-queues.html,
// sqs-short-and-long-polling.html, and APIReference/API_ReceiveMessage.html and API_ChangeMessageVisibility.html.

interface Bench {
  readonly queue: Queue;
  readonly dead: ReceivedMessage[];
  readonly advance: (ms: number) => void;
  readonly send: (body: string, delayMs?: number) => string;
  readonly receive: (max?: number) => Promise<readonly ReceivedMessage[]>;
}

function bench(maxReceiveCount?: number): Bench {
  let now = 1_000_000;
  const dead: ReceivedMessage[] = [];
  const onDead = (message: ReceivedMessage): void => void dead.push(message);
  const queue = createQueue({ visibilityTimeoutMs: 30_000, maxReceiveCount, clock: () => now, onDead });
  return {
    queue,
    dead,
    advance: (ms) => {
      now += ms;
    },
    send: (body, delayMs = 0) =>
      queue.send({ body, attributes: {}, traceHeader: undefined, delayMs }).messageId,
    receive: (max = 10) => queue.receive({ max, waitMs: 0 }),
  };
}

const bodies = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ body }) => body);

describe('a queue', () => {
  it('hands each message to one receiver until its time of hiding is over', async () => {
    const { receive, send, advance } = bench();
    send('a');
    expect(bodies(await receive())).toEqual(['a']);
    expect(await receive()).toEqual([]);
    advance(29_999);
    expect(await receive()).toEqual([]);
    advance(1);
    const [again] = await receive();
    expect(again).toMatchObject({
      body: 'a',
      receiveCount: 2,
      sentUnixMs: 1_000_000,
      firstReceivedUnixMs: 1_000_000,
    });
  });

  it('forgets what is removed, by the newest receipt only', async () => {
    const { queue, receive, send, advance } = bench();
    send('a');
    const [first] = await receive();
    advance(30_000);
    const [second] = await receive();
    expect(queue.remove(first!.receiptHandle)).toBe(true);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 1, delayed: 0 });
    expect(queue.remove(second!.receiptHandle)).toBe(true);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 0, delayed: 0 });
    expect(queue.remove('nonsense')).toBe(false);
  });

  it('holds back what is sent with a delay', async () => {
    const { queue, receive, send, advance } = bench();
    send('later', 5000);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 0, delayed: 1 });
    expect(await receive()).toEqual([]);
    advance(5000);
    expect(bodies(await receive())).toEqual(['later']);
  });

  it('puts away what was received too often', async () => {
    const { dead, receive, send, advance } = bench(2);
    send('a');
    await receive();
    advance(30_000);
    await receive();
    advance(30_000);
    expect(await receive()).toEqual([]);
    expect(bodies(dead)).toEqual(['a']);
  });

  it('does not count what is given back', async () => {
    const { queue, receive, send, advance } = bench();
    send('a');
    queue.giveBack((await receive())[0]!.receiptHandle, 1000);
    expect(await receive()).toEqual([]);
    advance(1000);
    expect((await receive())[0]?.receiveCount).toBe(1);
  });

  it('shows again at once what is made visible', async () => {
    const { queue, receive, send } = bench();
    send('a');
    expect(queue.hide((await receive())[0]!.receiptHandle, 0)).toBe(true);
    expect(bodies(await receive())).toEqual(['a']);
  });

  it('wakes who waits for what is made visible', async () => {
    const { queue, receive, send } = bench();
    send('a');
    const [hidden] = await receive();
    const waiting = queue.receive({ max: 1, waitMs: 20_000 });
    queue.hide(hidden!.receiptHandle, 0);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 1, delayed: 0 });
    queue.stop();
    expect(bodies(await waiting)).toEqual(['a']);
  });

  it('wakes who waits, each message once', async () => {
    const { queue, send } = bench();
    const waiting = [1, 2, 3].map(() => queue.receive({ max: 1, waitMs: 20_000 }));
    send('a');
    send('b');
    queue.stop();
    expect((await Promise.all(waiting)).flatMap(bodies)).toEqual(['a', 'b']);
  });

  it('hands over no more bytes than asked for, and the rest afterwards', async () => {
    const { queue, send } = bench();
    for (const body of ['12345', '123456', '1']) send(body);
    const receive = () => queue.receive({ max: 10, maxBytes: 10, waitMs: 0 });
    expect(bodies(await receive())).toEqual(['12345']);
    expect(bodies(await receive())).toEqual(['123456', '1']);
  });

  it('may hold very many messages while somebody waits', async () => {
    const { queue, send } = bench();
    for (let count = 0; count < 150_000; count++) send('later', 900_000);
    const abort = new AbortController();
    const waiting = queue.receive({ max: 1, waitMs: 20_000, signal: abort.signal });
    send('now');
    expect(bodies(await waiting)).toEqual(['now']);
    queue.stop();
  });

  it('lets a receiver go that gives up', async () => {
    const abort = new AbortController();
    const waiting = bench().queue.receive({ max: 1, waitMs: 20_000, signal: abort.signal });
    abort.abort();
    expect(await waiting).toEqual([]);
  });
});
