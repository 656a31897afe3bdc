import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KINESIS } from './kinesis.ts';

const SPAN_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-0af7651916cd43dd8448eb211c80319c-${SPAN_ID}-01`;
const senderOf = (data: string | Buffer): string | undefined =>
  KINESIS.parse({ kinesis: { data: Buffer.from(data).toString('base64') } }).sender?.spanId;

describe('a record of Kinesis', () => {
  it('has the context that its sender put among the fields of its data, wherever it stands', () => {
    const before = fc.dictionary(
      fc.string().filter((name) => !/^traceparent$/.test(name)),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(before, (fields) => {
        expect(senderOf(JSON.stringify({ ...fields, traceparent: TRACEPARENT }))).toBe(SPAN_ID);
      }),
    );
  });

  it.each<[string, string | Buffer]>([
    ['a list', JSON.stringify([{ traceparent: TRACEPARENT }])],
    ['text', `traceparent: ${TRACEPARENT}`],
    ['a field further in', JSON.stringify({ log: { traceparent: TRACEPARENT } })],
    ['half an object', `{"traceparent":"${TRACEPARENT}"`],
    ['bytes', Buffer.from([0xf3, 0x89, 0x9a, 0xc2])],
    ['more than is looked at', JSON.stringify({ traceparent: TRACEPARENT, text: 'x'.repeat(70_000) })],
  ])('has none in what is no such object: %s', (_, data) => expect(senderOf(data)).toBeUndefined());
});
