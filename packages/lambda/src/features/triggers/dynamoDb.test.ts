import { describe, expect, it } from 'vitest';
import { describeMessage } from './describeMessage.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = TRACEPARENT.replace('b7ad', 'c7ad');
const item = (traceparent?: string): object => (traceparent ? { traceparent: { S: traceparent } } : {});

describe('a change of a table', () => {
  it.each([
    ['a new item', 'INSERT', { NewImage: item(TRACEPARENT) }, true],
    ['a change that wrote one', 'MODIFY', { NewImage: item(TRACEPARENT), OldImage: item(OTHER) }, true],
    ['a change that wrote the first', 'MODIFY', { NewImage: item(TRACEPARENT), OldImage: item() }, true],
    ['a change that left it', 'MODIFY', { NewImage: item(TRACEPARENT), OldImage: item(TRACEPARENT) }, false],
    ['a change of which the item before is not told', 'MODIFY', { NewImage: item(TRACEPARENT) }, false],
    ['a removal', 'REMOVE', { OldImage: item(TRACEPARENT) }, false],
    ['keys alone', 'INSERT', { Keys: item(TRACEPARENT) }, false],
  ])(
    'has the context of the item only where it is known to have written it: %s',
    (_, eventName, images, known) => {
      const { sender } = describeMessage({ eventSource: 'aws:dynamodb', eventName, dynamodb: images });
      expect(sender?.spanId).toBe(known ? 'b7ad6b7169203331' : undefined);
    },
  );
});
