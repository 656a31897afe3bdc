import { describe, expect, it } from 'vitest';
import { createEarlyIds } from './earlyIds.ts';

describe('earlyIds', () => {
  it('gives what it was told once, in whatever order, then new ones', () => {
    const ids = createEarlyIds({ traceId: () => 'new trace', spanId: () => 'new span' });
    ids.give('trace', 'span');
    expect([ids.spanId(), ids.traceId(), ids.spanId(), ids.traceId()]).toEqual([
      'span',
      'trace',
      'new span',
      'new trace',
    ]);
    ids.give('trace', 'span');
    ids.give();
    expect([ids.traceId(), ids.spanId()]).toEqual(['new trace', 'new span']);
  });
});
