import { describe, expect, it } from 'vitest';
import { toInvocationLine } from './invocationLines.ts';
import { createStyle } from './style.ts';

const plain = createStyle(false);

function toLine(source: 'stdout' | 'stderr' | 'platform', line: string): string | undefined {
  return toInvocationLine({ functionName: 'orders', environmentId: 'e', source, line, atUnixMs: 0 }, plain);
}

describe('toInvocationLine', () => {
  it('gives one line to an invocation, and marks a cold start', () => {
    const report = 'REPORT RequestId: 1\tDuration: 51.20 ms\tBilled Duration: 234 ms\tMemory Size: 512 MB';
    expect(toLine('platform', report)).toBe('  orders        51 ms');
    expect(toLine('platform', `${report}\tInit Duration: 182.40 ms`)).toBe(
      '  orders        51 ms   cold start, init 182 ms',
    );
  });

  it('names a timeout and a crash', () => {
    const report = 'REPORT RequestId: 1\tDuration: 3000.00 ms';
    expect(toLine('platform', `${report}\tStatus: timeout`)).toContain('timeout');
    expect(toLine('platform', `${report}\tStatus: error\tError Type: Runtime.ExitError`)).toContain(
      'error: Runtime.ExitError',
    );
  });

  it('leaves out what the report says too', () => {
    expect(toLine('platform', 'START RequestId: 1 Version: $LATEST')).toBeUndefined();
    expect(toLine('platform', 'END RequestId: 1')).toBeUndefined();
  });

  it("shows a function's own line without the prefix of the runtime client", () => {
    const line = '2026-11-23T12:36:26.461Z\t44f3f17a-093c\tINFO\torder 7: 1 × Kochere';
    expect(toLine('stdout', line)).toBe('  orders    │ order 7: 1 × Kochere');
    expect(toLine('stdout', 'written directly')).toBe('  orders    │ written directly');
  });
});
