import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordQueue, type QueuedRecord, type Signal } from './recordQueue.ts';

const scope = { name: 's', version: '' };
const span = (json: string, signal: Signal = 'traces'): QueuedRecord => ({ signal, scope, json });

describe('recordQueue', () => {
  it('gives the oldest first, in batches that fit', () => {
    const queue = createRecordQueue(1000);
    for (const letter of 'abcde') queue.add(span(letter.repeat(10)));
    expect(queue.take(25).records.map(({ json }) => json[0])).toEqual(['a', 'b']);
    expect(queue.take(1).records.map(({ json }) => json[0])).toEqual(['c']);
    expect(queue.bytes()).toBe(20);
  });

  it('gives the records of one signal at a time, in order', () => {
    const queue = createRecordQueue(1000);
    queue.add(span('a', 'logs'));
    queue.add(span('b'));
    queue.add(span('c', 'logs'));
    const batches = [queue.take(100), queue.take(100)];
    expect(batches.map(({ signal, records }) => [signal, records.map(({ json }) => json)])).toEqual([
      ['logs', ['a', 'c']],
      ['traces', ['b']],
    ]);
    expect(queue.bytes()).toBe(0);
  });

  it('puts a batch back in front', () => {
    const queue = createRecordQueue(1000);
    queue.add(span('a'));
    const batch = queue.take(100);
    queue.add(span('b'));
    queue.putBack(batch);
    expect(queue.take(100).records.map(({ json }) => json)).toEqual(['a', 'b']);
    expect(queue.isEmpty()).toBe(true);
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
        let taken: ReturnType<typeof queue.take>[] = [];
        for (const step of list) {
          if (step === 'TAKE') taken.push(queue.take(80));
          else if (step === 'BACK') taken.splice(0, 1).forEach((batch) => queue.putBack(batch));
          else if (step === 'DROP') taken.splice(0, 1).forEach((batch) => queue.drop(batch));
          else {
            queue.add(span(step));
            added++;
          }
          expect(queue.bytes()).toBeLessThanOrEqual(200);
          for (const { records, bytes } of taken) {
            const real = records.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
            expect(real).toBeLessThanOrEqual(bytes);
          }
        }
        const away = taken.reduce((sum, { records }) => sum + records.length, 0);
        taken = [];
        const left = queue.take(1e9).records.length;
        expect(left + away + queue.dropped()).toBe(added);
      }),
    );
  });
});
