import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServerTiming, toInvocationTiming, toServerTiming } from './serverTiming.ts';

const CONTEXT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('toServerTiming', () => {
  it('writes every name for a cold invocation', () => {
    expect(toServerTiming({ context: CONTEXT, coldStartMs: 431.25, initMs: 431.25, handlerMs: 12 })).toBe(
      `traceparent;desc="${TRACEPARENT}", trace;desc=${TRACEPARENT}, coldstart;dur=431.25, init;dur=431.25, handler;dur=12`,
    );
  });

  it('says nothing of a cold start when the invocation was warm', () => {
    expect(toServerTiming({ context: CONTEXT, handlerMs: 3 })).not.toMatch(/coldstart|init/);
  });

  it('is read back by the other side', () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => Math.round(value * 1000) / 1000);
    fc.assert(
      fc.property(
        fc.option(ms, { nil: undefined }),
        fc.option(ms, { nil: undefined }),
        ms,
        (cold, init, handler) => {
          const timing = { context: CONTEXT, coldStartMs: cold, initMs: init, handlerMs: handler };
          expect(toInvocationTiming(parseServerTiming(toServerTiming(timing)))).toEqual({
            ...timing,
            context: { ...CONTEXT, isRemote: true },
          });
        },
      ),
    );
  });
});

describe('parseServerTiming', () => {
  it('reads names, durations, descriptions, quoted or not, in any order and with blanks', () => {
    expect(parseServerTiming('cache;desc="Cache \\"read\\"";dur=23.2 , db ; dur = 53,miss,x;DESC=y')).toEqual(
      [
        { name: 'cache', duration: 23.2, description: 'Cache "read"' },
        { name: 'db', duration: 53 },
        { name: 'miss' },
        { name: 'x', description: 'y' },
      ],
    );
  });

  it('does not split at commas and semicolons inside quotes', () => {
    expect(parseServerTiming('a;desc="b,c;dur=1", d')).toEqual([
      { name: 'a', description: 'b,c;dur=1' },
      { name: 'd' },
    ]);
  });

  it('passes over what it cannot read and goes on behind the next comma', () => {
    expect(parseServerTiming('@@@;dur=1, ok;dur=nonsense, "x", fine;dur=2 rest;desc=z')).toEqual([
      { name: 'ok', duration: 0 },
      { name: 'fine', duration: 2, description: 'z' },
    ]);
  });

  it('takes the first of a repeated parameter', () => {
    expect(parseServerTiming('a;dur=1;dur=2')).toEqual([{ name: 'a', duration: 1 }]);
  });

  it('ends on anything, soon', () => {
    const near = fc.array(fc.constantFrom('a', ';', ',', '=', '"', '\\', ' ', 'dur', 'desc', '1.5'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((p) => p.join('')),
        ),
        (text) => void parseServerTiming(text),
      ),
    );
    expect(parseServerTiming('a,'.repeat(100_000))).toHaveLength(64);
  });
});

describe('toInvocationTiming', () => {
  it('compares names without case and falls back from a bad traceparent to trace', () => {
    const timing = toInvocationTiming([
      { name: 'TraceParent', description: 'bad' },
      { name: 'Trace', description: TRACEPARENT },
      { name: 'COLDSTART', duration: 5 },
    ]);
    expect(timing).toMatchObject({ context: CONTEXT, coldStartMs: 5, initMs: undefined });
  });
});
