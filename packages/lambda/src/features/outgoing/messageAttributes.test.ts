import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTraceState } from '@clickspan/shared/tracestate';
import { withContext, withContexts } from './messageAttributes.ts';
import type { SqsMessage } from './messageAttributes.ts';

const CONTEXT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 };
const TRACEPARENT = { DataType: 'String', StringValue: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-03` };
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
    const empty: SqsMessage = { MessageBody: 'b' };
    const context = { ...CONTEXT, traceState: createTraceState([['v', '1']]) };
    expect(Object.keys(withContext(empty, context).MessageAttributes!)).toEqual([
      'traceparent',
      'tracestate',
    ]);
    const full: SqsMessage = { MessageBody: 'b', MessageAttributes: attributes(9) };
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
  ])('leaves a message alone that %s', (_, message) => expect(withContext(message, CONTEXT)).toBe(message));
});

describe('withContexts', () => {
  it('never makes a batch too large, and adds to as many messages as there is room for', () => {
    interface Message {
      readonly MessageBody: string;
      readonly MessageAttributes?: object;
    }
    const size = (message: Message): number =>
      Buffer.byteLength(message.MessageBody) +
      (message.MessageAttributes
        ? 'traceparent'.length + 'String'.length + TRACEPARENT.StringValue.length
        : 0);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 10 }),
        (lengths) => {
          const Entries = lengths.map((length) => ({ MessageBody: 'x'.repeat(length) }));
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const entries: readonly Message[] = withContexts({ Entries }, CONTEXT).Entries;
          const after = entries.reduce((sum, message) => sum + size(message), 0);
          expect(after).toBeLessThanOrEqual(Math.max(total, 262_144));
          if (total <= 262_144 - 10 * 80)
            expect(entries.every((message) => message.MessageAttributes)).toBe(true);
        },
      ),
    );
  });

  it('leaves a batch without messages alone', () => {
    const batch = {};
    expect(withContexts(batch, CONTEXT)).toBe(batch);
  });
});
