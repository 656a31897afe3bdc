import { describe, expect, it } from 'vitest';
import { createCommitQueue } from './commitQueue.ts';
import type { CommitOutcome } from './commitQueue.ts';

type InsertOutcome = Exclude<CommitOutcome, { status: 'full' }>;

function batch(text: string) {
  return { bytes: Buffer.from(text), rowCount: 1 };
}

/** An engine whose inserts end when the test says so. */
function createEngine() {
  const inserts: { texts: string[]; end: (outcome: InsertOutcome) => void }[] = [];
  let nowMs = 0;
  const queue = createCommitQueue({
    maxPendingBytes: 10,
    nowMs: () => (nowMs += 1_000),
    insert: (chunks) =>
      new Promise((end) => {
        inserts.push({ texts: chunks.map((chunk) => Buffer.from(chunk).toString()), end });
      }),
  });
  return { queue, inserts };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('commitQueue', () => {
  it('sends a lone batch at once and answers when the engine has', async () => {
    const { queue, inserts } = createEngine();
    let outcome: CommitOutcome | undefined;
    void queue.submit(batch('a')).then((o) => (outcome = o));
    await settled();
    expect(inserts.map((insert) => insert.texts)).toEqual([['a']]);
    expect(outcome).toBeUndefined();
    inserts[0]!.end({ status: 'stored' });
    await settled();
    expect(outcome).toEqual({ status: 'stored' });
  });

  it('joins what comes while an insert is under way into one', async () => {
    const { queue, inserts } = createEngine();
    const outcomes = ['a', 'b', 'c'].map((text) => queue.submit(batch(text)));
    await settled();
    inserts[0]!.end({ status: 'stored' });
    await settled();
    expect(inserts.map((insert) => insert.texts)).toEqual([['a'], ['b', 'c']]);
    inserts[1]!.end({ status: 'unavailable', reason: 'gone' });
    expect((await Promise.all(outcomes)).map((outcome) => outcome.status)).toEqual([
      'stored',
      'unavailable',
      'unavailable',
    ]);
  });

  it('is full when too many bytes wait or are under way, and takes again when they are done', async () => {
    const { queue, inserts } = createEngine();
    void queue.submit(batch('12345678'));
    expect(await queue.submit(batch('abc'))).toEqual({ status: 'full' });
    inserts[0]!.end({ status: 'stored' });
    await settled();
    void queue.submit(batch('abc'));
    await settled();
    expect(inserts.at(-1)!.texts).toEqual(['abc']);
  });

  it('takes a batch that is larger than the queue when nothing else waits', async () => {
    const { queue, inserts } = createEngine();
    void queue.submit(batch('0123456789abcdef'));
    await settled();
    expect(inserts).toHaveLength(1);
  });

  it('stores the good batches of a group that was refused because of a bad one', async () => {
    const { queue, inserts } = createEngine();
    const outcomes = ['a', 'bad', 'c'].map((text) => queue.submit(batch(text)));
    for (let i = 0; i < 5; i++) {
      await settled();
      const insert = inserts.shift();
      insert?.end(insert.texts.includes('bad') ? { status: 'refused', reason: 'bad' } : { status: 'stored' });
    }
    expect((await Promise.all(outcomes)).map((outcome) => outcome.status)).toEqual([
      'stored',
      'refused',
      'stored',
    ]);
  });

  it('drains: what waits is sent, what comes later is not taken', async () => {
    const { queue, inserts } = createEngine();
    const outcomes = ['a', 'b'].map((text) => queue.submit(batch(text)));
    const drained = queue.drain();
    expect(await queue.submit(batch('late'))).toMatchObject({ status: 'unavailable' });
    for (let i = 0; i < 2; i++) {
      await settled();
      inserts[i]!.end({ status: 'stored' });
    }
    await drained;
    expect((await Promise.all(outcomes)).every((outcome) => outcome.status === 'stored')).toBe(true);
  });
});
