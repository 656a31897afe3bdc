import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createManyInvocations } from './manyInvocations.ts';

// aws/aws-lambda-runtime-interface-emulator at 4fa21571,
// internal/lambda-managed-instances/invoke/timeout/timeout_cache.go, and rapi/handler/invocationresponse.go
// (RenderInvokeTimeout).

const TIMEOUT_MS = 100;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the invocations of an environment that serves many at once', () => {
  // lambda-managed-instances/invoke/timeout/timeout_cache.go of aws/aws-lambda-runtime-interface-emulator at 4fa21571
  it('knows of the last thousand that ran out of time that they were late, and says so once', () => {
    const invocations = createManyInvocations(TIMEOUT_MS, () => 0);
    for (let n = 0; n < 1001; n++)
      void invocations.begin({ requestId: `r${n}`, payload: Buffer.from('{}'), traceId: '' }, 0);
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(invocations.running()).toBe(0);
    expect(invocations.stateOf('r0')).toBe('unknown');
    expect(invocations.stateOf('r1')).toBe('late');
    expect(invocations.stateOf('r1000')).toBe('late');
    expect(invocations.stateOf('r1000')).toBe('unknown');
  });
});
