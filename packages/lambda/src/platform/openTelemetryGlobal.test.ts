import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createSilentSpan } from '@clickspan/shared/tracer';
import { context, trace } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { createActiveContext } from './activeContext.ts';
import { registerOpenTelemetry } from './openTelemetryGlobal.ts';

const SPAN = createSilentSpan({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
const provider = { getTracer: () => ({ startSpan: () => SPAN }) } as unknown as TracerProvider;
const contexts = createActiveContext();
const KEY = Symbol('test');

afterEach(() => {
  trace.disable();
  context.disable();
});

describe('registering at the OpenTelemetry API', () => {
  it('makes its tracers and contexts ours', () => {
    expect(registerOpenTelemetry(provider, contexts)).toBe(true);
    expect(trace.getTracer('a').startSpan('s').spanContext().spanId).toBe('2'.repeat(16));
    const bound = context.with(ROOT_CONTEXT.setValue(KEY, 1), () =>
      context.bind(context.active(), (_a: number, _b: number) => context.active().getValue(KEY)),
    );
    expect([bound(1, 2), bound.length]).toEqual([1, 2]);
  });

  it('leaves another SDK in its place', () => {
    const other: TracerProvider = { getTracer: () => ({}) as never };
    trace.setGlobalTracerProvider(other);
    const before = trace.getTracerProvider();
    expect(registerOpenTelemetry(provider, contexts)).toBe(false);
    expect(trace.getTracerProvider()).toBe(before);
    expect(context.active()).not.toBe(contexts.active());
  });
});
