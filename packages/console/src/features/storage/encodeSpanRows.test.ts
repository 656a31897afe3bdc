import { describe, expect, it } from 'vitest';
import type { SpanGroup, SpanRow } from '../../spanRow.ts';
import { encodeSpanRows } from './encodeSpanRows.ts';

const span: SpanRow = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '',
  traceState: '',
  name: 'x',
  kind: 'Server',
  startUnixNano: 1n,
  durationNano: 1n,
  statusCode: 'Unset',
  statusMessage: '',
  attributes: [],
  events: [],
  links: [],
};

function group(resourceChars: number, spanCount: number): SpanGroup {
  return {
    service: 's',
    resource: ['k', 'v'.repeat(resourceChars)],
    scopeName: '',
    scopeVersion: '',
    spans: Array.from({ length: spanCount }, () => span),
  };
}

describe('encodeSpanRows', () => {
  it('gives up on a resource that many spans would multiply beyond the limit', () => {
    const limits = { sizeHintBytes: 0, maxBytes: 1_000_000 };
    expect(encodeSpanRows([group(10_000, 50)], limits)?.rowCount).toBe(50);
    expect(encodeSpanRows([group(10_000, 200)], limits)).toBeUndefined();
    expect(encodeSpanRows([group(10_000, 50), group(10_000, 100_000)], limits)).toBeUndefined();
  });
});
