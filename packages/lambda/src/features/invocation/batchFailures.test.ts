import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatchFailures } from './batchFailures.ts';

const failures = (...items: unknown[]): object => ({
  batchItemFailures: items.map((itemIdentifier) => ({ itemIdentifier })),
});

describe('what a function gives back', () => {
  it.each([
    [failures('a', 'b'), ['a', 'b']],
    [failures({ partition: 'orders-0', offset: 15 }), ['orders-0:15']],
    [failures('', null, 7, {}), [undefined, undefined, undefined, undefined]],
    [{ batchItemFailures: [null, { id: 'a' }] }, [undefined, undefined]],
    [{ batchItemFailures: [] }, []],
    [{ batchItemFailures: 'a' }, []],
    [{}, []],
    [undefined, []],
    ['text', []],
  ])('in %j is %j', (result, ids) => expect(readBatchFailures(result)).toEqual(ids));

  it('never throws where it can be read', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readBatchFailures({ batchItemFailures: value })));
  });
});
