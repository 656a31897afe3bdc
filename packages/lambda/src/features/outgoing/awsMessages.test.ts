import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withContext, withContexts } from './awsMessages.ts';
import type { Message } from './awsMessages.ts';

const CONTEXT = {
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-03`,
  tracestate: undefined,
  xray: undefined,
};
const TRACEPARENT = { DataType: 'String', StringValue: CONTEXT.traceparent };
const attributes = (count: number): Record<string, { DataType: string; StringValue: string }> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'v' }]),
  );

describe('withContext', () => {
  it('adds the context in a copy', () => {
    const message = Object.freeze({
      MessageBody: 'b',
      QueueUrl: 'q',
      MessageAttributes: Object.freeze(attributes(1)),
    });
    expect(withContext(message, CONTEXT)).toEqual({
      MessageBody: 'b',
      QueueUrl: 'q',
      MessageAttributes: { ...attributes(1), traceparent: TRACEPARENT },
    });
  });

  it('adds the tracestate where there is one and room for it', () => {
    const empty: Message = { MessageBody: 'b' };
    const context = { ...CONTEXT, tracestate: 'v=1' };
    expect(Object.keys(withContext(empty, context).MessageAttributes!)).toEqual([
      'traceparent',
      'tracestate',
    ]);
    const full: Message = { MessageBody: 'b', MessageAttributes: attributes(9) };
    expect(Object.keys(withContext(full, context).MessageAttributes!)).toHaveLength(10);
    expect(withContext(full, context).MessageAttributes).not.toHaveProperty('tracestate');
  });

  it.each([
    [
      'carries a context of its own',
      { MessageBody: 'b', MessageAttributes: { traceparent: { DataType: 'String', StringValue: 'mine' } } },
    ],
    ['has as many attributes as it may', { MessageBody: 'b', MessageAttributes: attributes(10) }],
    ['is as large as it may be', { MessageBody: 'ä'.repeat(131_072) }],
    ['is as large as a topic takes', { Message: 'x'.repeat(262_100), Subject: 's' }],
    ['is as large as the largest queue takes', { MessageBody: 'x'.repeat(1_048_576) }],
  ])('leaves a message alone that %s', (_, message) => expect(withContext(message, CONTEXT)).toBe(message));
});

it('a message that is larger than every queue takes tells that its queue takes more', () => {
  const message = { MessageBody: 'x'.repeat(300_000) };
  expect(withContext(message, CONTEXT)).toHaveProperty('MessageAttributes.traceparent');
});

describe('withContexts', () => {
  it('never makes a batch too large, and adds to as many messages as there is room for', () => {
    interface Sent {
      readonly MessageBody: string;
      readonly MessageAttributes?: object;
    }
    const size = (message: Sent): number =>
      Buffer.byteLength(message.MessageBody) +
      (message.MessageAttributes
        ? 'traceparent'.length + 'String'.length + TRACEPARENT.StringValue.length
        : 0);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 10 }),
        (lengths) => {
          const messages = lengths.map((length) => ({ MessageBody: 'x'.repeat(length) }));
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const entries: readonly Sent[] = withContexts(messages, CONTEXT);
          const after = entries.reduce((sum, message) => sum + size(message), 0);
          expect(after).toBeLessThanOrEqual(total > 262_144 ? 1_048_576 : 262_144);
          if (total <= 262_144 - 10 * 80)
            expect(entries.every((message) => message.MessageAttributes)).toBe(true);
        },
      ),
    );
  });
});
