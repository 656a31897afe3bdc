import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRecordQueue,
  type Batch,
  type QueuedRecord,
  type RecordQueue,
  type Signal,
} from './recordQueue.ts';

const scope = { name: 's', version: '' };
const take = (queue: RecordQueue, signal: Signal, maxBytes: number): Batch => {
  const batch = queue.peek(signal, maxBytes);
  queue.remove(batch);
  return batch;
};
const span = (json: string, signal: Signal = 'traces'): QueuedRecord => ({ signal, scope, json });

describe('recordQueue', () => {
  it('gives the oldest first, in batches that fit', () => {
    const queue = createRecordQueue(1000);
    for (const letter of 'abcde') queue.add(span(letter.repeat(10)));
    expect(take(queue, 'traces', 25).map(({ json }) => json[0])).toEqual(['a', 'b']);
    expect(take(queue, 'traces', 1).map(({ json }) => json[0])).toEqual(['c']);
    expect(queue.sizeBytes()).toBe(20);
  });

  it('drops one that never fits, and keeps the others for it', () => {
    const queue = createRecordQueue(100);
    queue.add(span('a'));
    queue.add(span('b'.repeat(101), 'logs'));
    expect(take(queue, 'traces', 100)).toHaveLength(1);
    expect(queue.dropped).toEqual({ traces: 0, logs: 1 });
  });

  it('gives the records of one signal at a time, in order', () => {
    const queue = createRecordQueue(1000);
    queue.add(span('a', 'logs'));
    queue.add(span('b'));
    queue.add(span('c', 'logs'));
    expect(queue.sizeBytes()).toBe(3);
    expect(take(queue, 'logs', 100).map(({ json }) => json)).toEqual(['a', 'c']);
    expect(take(queue, 'traces', 100).map(({ json }) => json)).toEqual(['b']);
    expect(queue.sizeBytes()).toBe(0);
  });

  it('says whether all of a batch still wait, and takes out what does', () => {
    const queue = createRecordQueue(1000);
    for (const letter of 'abc') queue.add(span(letter));
    const batch = queue.peek('traces', 100);
    expect(queue.has(batch)).toBe(true);
    queue.remove(batch.slice(0, 1));
    expect(queue.has(batch)).toBe(false);
    queue.remove(batch);
    expect(queue.sizeBytes()).toBe(0);
  });

  it('puts a batch back in front', () => {
    const queue = createRecordQueue(1000);
    queue.add(span('a'));
    const batch = take(queue, 'traces', 100);
    queue.add(span('b'));
    queue.putBack(batch);
    expect(take(queue, 'traces', 100).map(({ json }) => json)).toEqual(['a', 'b']);
    expect(queue.sizeBytes()).toBe(0);
  });

  it('counts what is dropped by signal', () => {
    const queue = createRecordQueue(25);
    queue.add(span('a'.repeat(10), 'logs'));
    queue.add(span('b'.repeat(10)));
    queue.add(span('c'.repeat(10)));
    expect(queue.dropped).toEqual({ logs: 1, traces: 0 });
    expect(queue.sizeBytes()).toBe(20);
  });

  it('never holds more than it may, and loses nothing uncounted', () => {
    const steps = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constant('TAKE'),
        fc.constant('BACK'),
        fc.constant('DROP'),
      ),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const queue = createRecordQueue(200);
        let added = 0;
        let taken: Batch[] = [];
        for (const step of list) {
          if (step === 'TAKE') taken.push(take(queue, 'traces', 80));
          else if (step === 'BACK') taken.splice(0, 1).forEach((batch) => queue.putBack(batch));
          else if (step === 'DROP') taken.splice(0, 1).forEach((batch) => queue.drop(batch));
          else {
            queue.add(span(step));
            added++;
          }
          expect(queue.sizeBytes()).toBeLessThanOrEqual(200);
          for (const { json, sizeBytes } of taken.flat()) {
            expect(Buffer.byteLength(json)).toBeLessThanOrEqual(sizeBytes);
          }
        }
        const away = taken.flat().length;
        taken = [];
        const left = take(queue, 'traces', 1e9).length;
        expect(left + away + queue.dropped.traces).toBe(added);
      }),
    );
  });
});
