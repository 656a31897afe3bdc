import { afterEach, describe, expect, it, vi } from 'vitest';
import { toCheckpoint } from './batchFailures.ts';
import { createShardSource } from './shardSource.ts';
import type { Discarded, ShardSource, StreamOutcome, StreamRecord } from './shardSource.ts';
import type { StreamMapping } from './streamConfig.ts';

// Sources, in https://docs.aws.amazon.com/lambda/latest/dg/
// [order] with-kinesis.html
// [errors] kinesis-on-failure-destination.html, services-kinesis-parameters.html
// [partial] services-kinesis-batchfailurereporting.html

let source: ShardSource<StreamRecord>;
afterEach(() => {
  source.stop();
  vi.useRealTimers();
});

const OK: StreamOutcome = { status: 'ok', requestId: 'r', payload: Buffer.from('null') };
const FAILED: StreamOutcome = { status: 'error', requestId: 'r' };
const FULL: StreamOutcome = { status: 'throttled', requestId: 'r' };
const failing = (...sequenceNumbers: string[]): StreamOutcome => ({
  status: 'ok',
  requestId: 'r',
  payload: Buffer.from(
    JSON.stringify({ batchItemFailures: sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier })) }),
  ),
});

interface Bench {
  /** Sequence numbers of each batch that the function has got. */
  readonly batches: string[];
  readonly discarded: [sequenceNumbers: string, Discarded<StreamRecord>['condition'], invokeCount: number][];
  readonly push: (sequenceNumbers: string, sizeBytes?: number) => void;
}

const join = (records: readonly StreamRecord[]): string =>
  records.map(({ sequenceNumber }) => sequenceNumber).join('');

function bench(
  mapping: StreamMapping,
  reply: (batch: string, run: number) => StreamOutcome = () => OK,
): Bench {
  vi.useFakeTimers();
  const batches: string[] = [];
  const discarded: Bench['discarded'] = [];
  source = createShardSource({
    mapping,
    clock: () => Date.now(),
    invoke: async (records) => {
      batches.push(join(records));
      return reply(join(records), batches.length);
    },
    onDiscarded: ({ records, condition, invokeCount }) =>
      void discarded.push([join(records), condition, invokeCount]),
  });
  const push = (sequenceNumbers: string, sizeBytes = 10): void => {
    for (const sequenceNumber of sequenceNumbers)
      source.push({ sequenceNumber, sizeBytes, arrivedUnixMs: Date.now() });
  };
  return { batches, discarded, push };
}

const pass = (ms = 1000): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a shard', () => {
  it('comes in order, in batches no larger than configured [order]', async () => {
    const { batches, push } = bench({ batchSize: 2 });
    push('abcde');
    await pass();
    expect(batches).toEqual(['ab', 'cd', 'e']);
  });

  it('waits for a batch to fill as long as its window [order]', async () => {
    const { batches, push } = bench({ batchSize: 3, batchWindowMs: 5000 });
    push('a');
    await pass(4900);
    push('b');
    expect(batches).toEqual([]);
    await pass(200);
    expect(batches).toEqual(['ab']);
    push('cde');
    await pass(10);
    expect(batches).toEqual(['ab', 'cde']);
  });

  it('comes in batches of no more than 6 MB [order]', async () => {
    const { batches, push } = bench({});
    push('abcdefgh', 1024 * 1024);
    await pass();
    expect(batches).toEqual(['abcdef', 'gh']);
  });

  it('is blocked by a batch that fails, until it succeeds [order]', async () => {
    const { batches, push } = bench({ batchSize: 2 }, (_, run) => (run < 3 ? FAILED : OK));
    push('abc');
    await pass(5000);
    expect(batches).toEqual(['ab', 'ab', 'ab', 'c']);
  });

  it('gives up a batch after as many retries as configured, and tells [errors]', async () => {
    const { batches, discarded, push } = bench({ batchSize: 2, maxRetries: 2 }, (batch) =>
      batch === 'ab' ? FAILED : OK,
    );
    push('abc');
    await pass(5000);
    expect(batches).toEqual(['ab', 'ab', 'ab', 'c']);
    expect(discarded).toEqual([['ab', 'RetryAttemptsExhausted', 3]]);
  });

  it('does not count a function without room as a retry [errors]', async () => {
    const { batches, discarded, push } = bench({ maxRetries: 0 }, (_, run) => (run < 3 ? FULL : OK));
    push('a');
    await pass(5000);
    expect([batches, discarded]).toEqual([['a', 'a', 'a'], []]);
  });

  it('drops records that have become too old, and keeps the others [errors]', async () => {
    const { batches, discarded, push } = bench({ maxRecordAgeMs: 60_000 }, (batch) =>
      batch.includes('a') ? FAILED : OK,
    );
    push('a');
    await pass(59_000);
    push('b');
    await pass(120_000);
    expect(discarded).toEqual([['a', 'RecordAgeExceeded', expect.any(Number)]]);
    expect(batches.at(-1)).toBe('b');
  });

  it('halves a batch that fails, in order, without using up retries [errors]', async () => {
    const { batches, discarded, push } = bench({ bisectBatchOnError: true, maxRetries: 1 }, (batch) =>
      batch.includes('c') ? FAILED : OK,
    );
    push('abcde');
    await pass(5000);
    expect(batches).toEqual(['abcde', 'abc', 'ab', 'c', 'c', 'de']);
    expect(discarded.map(([records]) => records)).toEqual(['c']);
  });
});

describe('a partial failure', () => {
  const mapping = { reportBatchItemFailures: true };

  it('brings the batch again from the lowest sequence number on [partial]', async () => {
    const { batches, push } = bench(mapping, (_, run) => (run === 1 ? failing('d', 'b') : OK));
    push('abcd');
    await pass(5000);
    expect(batches).toEqual(['abcd', 'bcd']);
  });

  it('is a retry, and the rest is given up when there are none left [partial]', async () => {
    const { batches, discarded, push } = bench({ ...mapping, maxRetries: 1 }, () => failing('c'));
    push('abcd');
    await pass(5000);
    expect(batches).toEqual(['abcd', 'cd']);
    expect(discarded).toEqual([['cd', 'RetryAttemptsExhausted', 2]]);
  });

  it('is not heeded unless configured [partial]', async () => {
    const { batches, push } = bench({}, () => failing('a'));
    push('ab');
    await pass(5000);
    expect(batches).toEqual(['ab']);
  });

  it.each<[string, unknown, number | undefined]>([
    ['done', null, undefined],
    ['done', {}, undefined],
    ['done', { batchItemFailures: [] }, undefined],
    ['done', { batchItemFailures: null }, undefined],
    ['all again', 'text', 0],
    ['all again', { batchItemFailures: 'b' }, 0],
    ['all again', { batchItemFailures: [{}] }, 0],
    ['all again', { batchItemFailures: [{ itemIdentifier: '' }] }, 0],
    ['all again', { batchItemFailures: [{ itemIdentifier: null }] }, 0],
    ['all again', { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'z' }] }, 0],
    ['again from there', { batchItemFailures: [{ itemIdentifier: 'b' }] }, 1],
  ])('is %s for %j [partial]', (_, document, expected) => {
    expect(toCheckpoint(Buffer.from(JSON.stringify(document)), ['a', 'b', 'c'])).toBe(expected);
  });
});

describe('a record that nobody could handle for a day', () => {
  // https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html and
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html: both keep records for 24 hours.
  it('is given up, whether its batch is tried again and again or it waits behind that', async () => {
    const { batches, discarded, push } = bench({ batchSize: 1 }, () => FAILED);
    push('ab');
    await vi.advanceTimersByTimeAsync(86_400_000 - 1000);
    expect(discarded).toEqual([]);
    push('c');
    await vi.advanceTimersByTimeAsync(120_000);
    push('d');
    expect(discarded.map(([records, condition]) => [records, condition])).toEqual([
      ['a', 'RecordAgeExceeded'],
      ['b', 'RecordAgeExceeded'],
    ]);
    expect(batches.at(-1)).toBe('c');
  });

  it('is given up while a function is at work for ever', async () => {
    let ran = 0;
    vi.useFakeTimers();
    const given: string[] = [];
    source = createShardSource({
      mapping: { batchSize: 1 },
      clock: () => Date.now(),
      invoke: () => {
        ran++;
        return new Promise(() => undefined);
      },
      onDiscarded: ({ records }) => void given.push(join(records)),
    });
    const push = (sequenceNumber: string): void =>
      source.push({ sequenceNumber, sizeBytes: 10, arrivedUnixMs: Date.now() });
    for (const name of 'abc') push(name);
    await vi.advanceTimersByTimeAsync(86_400_001);
    push('d');
    expect([ran, given]).toEqual([1, ['bc']]);
  });
});
