import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseXrayHeader, toXrayHeader } from './xrayHeader.ts';

const ROOT = 'Root=1-5759e988-bd862e3fe1be46a994272793';
const PARENT = 'Parent=53995c3f42cd8ad8';
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((text) => !/^0+$/.test(text));

describe('parseXrayHeader', () => {
  it('reads a sampled parent, in any order and with parts that it does not know', () => {
    const context = {
      traceId: '5759e988bd862e3fe1be46a994272793',
      spanId: '53995c3f42cd8ad8',
      traceFlags: 1,
      isRemote: true,
    };
    expect(parseXrayHeader(`${ROOT};${PARENT};Sampled=1`)).toEqual(context);
    expect(parseXrayHeader(`Sampled=1; ${PARENT};Self=x;Lineage=1:ab:0;${ROOT}`)).toEqual(context);
  });

  it.each([
    ['a root alone', ROOT],
    ['an unsampled one, as Lambda writes it where X-Ray is off', `${ROOT};${PARENT};Sampled=0`],
    ['an undecided one', `${ROOT};${PARENT};Sampled=?`],
    ['nothing', undefined],
    ['a parent of zeros', `${ROOT};Parent=0000000000000000;Sampled=1`],
    ['nonsense', 'Root=1-x;Parent=y;Sampled=1;=;;'],
  ])('makes no parent of %s', (_, header) => expect(parseXrayHeader(header)).toBeUndefined());

  it('reads the header in the form of Lambda as it reads it in any other', () => {
    const ids = fc.tuple(
      fc.oneof(hex(32), fc.constant('0'.repeat(32))),
      fc.oneof(hex(16), fc.constant('0'.repeat(16))),
    );
    fc.assert(
      fc.property(
        ids,
        fc.constantFrom('0', '1', '?'),
        fc.boolean(),
        ([traceId, spanId], sampled, lineage) => {
          const parts = [
            `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`,
            `Parent=${spanId}`,
            `Sampled=${sampled}`,
          ];
          if (lineage) parts.push('Lineage=1:a87bd80c:0');
          expect(parseXrayHeader(parts.join(';'))).toEqual(parseXrayHeader(parts.toReversed().join('; ')));
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseXrayHeader(text)));
  });
});

describe('toXrayHeader', () => {
  it('is read back as what was written, whatever else stood in the header', () => {
    const context = fc.record({
      traceId: hex(32),
      spanId: hex(16),
      traceFlags: fc.integer({ min: 0, max: 3 }),
    });
    const before = fc.constantFrom(
      undefined,
      '',
      ROOT,
      `${ROOT};${PARENT};Sampled=0;Lineage=1:ab:0`,
      'Self=a;Clickspan=00',
    );
    fc.assert(
      fc.property(context, before, (context, header) => {
        expect(parseXrayHeader(toXrayHeader(header, context))).toEqual({ ...context, isRemote: true });
      }),
    );
  });

  it("leaves X-Ray's decision and the guard against loops as they are", () => {
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 };
    expect(toXrayHeader(`${ROOT};${PARENT};Sampled=0;Lineage=1:ab:0`, context)).toBe(
      `Root=1-aaaaaaaa-${'a'.repeat(24)};Parent=${'b'.repeat(16)};Sampled=0;Lineage=1:ab:0;Clickspan=03`,
    );
  });

  it('touches nothing where X-Ray records', () => {
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 };
    expect(toXrayHeader(`${ROOT};${PARENT};Sampled=1`, context)).toBeUndefined();
  });
});
