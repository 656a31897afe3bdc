import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createManyInvocations } from './manyInvocations.ts';
import type { ManyInvocations } from './manyInvocations.ts';

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

interface Bench {
  readonly invocations: ManyInvocations;
  readonly lines: readonly string[];
  readonly events: readonly unknown[];
}

function bench(clock: () => number = () => 0): Bench {
  const lines: string[] = [];
  const events: unknown[] = [];
  const invocations = createManyInvocations({
    arn: 'arn',
    timeoutMs: TIMEOUT_MS,
    clock,
    log: {
      text: (line) => void lines.push(line),
      telemetry: { emit: (type, record) => void events.push([type, record]) },
    },
  });
  return { invocations, lines, events };
}

describe('the invocations of an environment that serves many at once', () => {
  // lambda-managed-instances/invoke/timeout/timeout_cache.go of aws/aws-lambda-runtime-interface-emulator at 4fa21571
  it('knows of the last thousand that ran out of time that they were late, and says so once', () => {
    const { invocations } = bench();
    for (let n = 0; n < 1001; n++)
      void invocations.begin({ requestId: `r${n}`, payload: Buffer.from('{}'), traceId: '' }, 0);
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(invocations.running()).toBe(0);
    expect(invocations.stateOf('r0')).toBe('unknown');
    expect(invocations.stateOf('r1')).toBe('late');
    expect(invocations.stateOf('r1000')).toBe('late');
    expect(invocations.stateOf('r1000')).toBe('unknown');
  });

  // lambda-managed-instances/interop/events_api.go (InvokeStartData, ReportData), and
  // aws-lambda-rie/internal/telemetry/events_api.go for the lines
  it('are told of at their start and end', async () => {
    let nowUnixMs = 0;
    const { invocations, lines, events } = bench(() => nowUnixMs);
    const outcome = invocations.begin({ requestId: 'r', payload: Buffer.from('{}'), traceId: 'Root=1-a' }, 0);
    nowUnixMs = 7.5;
    invocations.respond('r', {
      status: 'ok',
      errorType: '',
      payload: Buffer.from('1'),
      contentType: 'application/json',
      producedBytes: 1,
      answer: { status: 202, body: {} },
    });
    await outcome;
    void invocations.begin({ requestId: 'late', payload: Buffer.from('{}'), traceId: 'Root=1-b' }, 7.5);
    vi.advanceTimersByTime(TIMEOUT_MS);
    const tracing = { type: 'X-Amzn-Trace-Id', value: 'Root=1-a' };
    expect(lines.slice(0, 3)).toEqual([
      'START RequestId: r\tVersion: $LATEST',
      'END RequestId: r',
      'REPORT RequestId: r\tDuration: 7.50 ms',
    ]);
    expect(events).toMatchObject([
      ['platform.start', { requestId: 'r', version: '$LATEST', functionArn: 'arn', tracing }],
      ['platform.report', { requestId: 'r', status: 'success', metrics: { durationMs: 7.5 }, tracing }],
      ['platform.start', { requestId: 'late' }],
      ['platform.report', { requestId: 'late', status: 'timeout', errorType: 'Sandbox.Timedout' }],
    ]);
  });
});
