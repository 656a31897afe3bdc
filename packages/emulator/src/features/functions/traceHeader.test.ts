import { describe, expect, it } from 'vitest';
import { toTraceHeader } from './traceHeader.ts';

// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html, "Tracing header".

const MADE = /^Root=1-6b000000-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/;
const NOW_UNIX_MS = 0x6b000000 * 1000 + 700;

describe('toTraceHeader', () => {
  it('makes an unsampled one of its own', () => {
    expect(toTraceHeader(undefined, NOW_UNIX_MS)).toMatch(MADE);
  });

  it.each(['Root=1-a-b', 'Self=1-c-d;Root=1-a-b;Parent=e;Sampled=?;Lineage=x'])(
    "continues a caller's: %s",
    (incoming) => {
      expect(toTraceHeader(incoming, NOW_UNIX_MS)).toBe(incoming);
    },
  );

  it.each(['', 'Parent=e', 'Root=1-a-b\n', 'Root=1-a-b;X=é', 'Root=1-a-b\x7f'])(
    'does not continue what has no root or cannot stand in a header: %j',
    (incoming) => {
      expect(toTraceHeader(incoming, NOW_UNIX_MS)).toMatch(MADE);
    },
  );
});
