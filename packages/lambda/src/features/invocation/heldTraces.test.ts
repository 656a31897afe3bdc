import { createIdSource } from '@clickspan/shared/ids';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { encodeSpan } from '@clickspan/shared/otlp';
import { createTracerProvider } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Span, Tracer } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { createHeldTraces } from './heldTraces.ts';
import type { HeldTraces } from './heldTraces.ts';

function start(): { held: HeldTraces; tracer: Tracer; told: EndedSpan[]; span: Span } {
  const told: EndedSpan[] = [];
  const held = createHeldTraces((span) => told.push(span));
  let id = 0;
  const tracer = createTracerProvider({
    clock: () => 1000,
    ids: createIdSource((bytes) => bytes.map(() => ++id)),
    activeContext: () => ROOT_CONTEXT,
    runWith: (_, run) => run(),
    describe: () => ({}),
    sample: () => false,
    record: held.records,
    onEnd: held.add,
  }).getTracer('test');
  const span = held.startHeld(() => tracer.startSpan('invocation'));
  held.hold(span.spanContext().traceId);
  return { held, tracer, told, span };
}

describe('a trace that is held', () => {
  it('is told with its children when it is kept, flagged as sampled, and with what ends later', () => {
    const { held, tracer, told, span } = start();
    const context = withSpan(ROOT_CONTEXT, span);
    tracer.startSpan('child', {}, context).end();
    const late = tracer.startSpan('late', {}, context);
    expect(span.spanContext().traceFlags & 1).toBe(0);
    span.end();
    expect(told).toEqual([]);
    held.settle(span.spanContext().traceId, true);
    late.end();
    expect(told.map(({ name, context: { traceFlags } }) => [name, traceFlags & 1])).toEqual([
      ['child', 1],
      ['invocation', 1],
      ['late', 1],
    ]);
    expect(JSON.parse(encodeSpan(told[0]!).json)).toMatchObject({
      name: 'child',
      parentSpanId: span.spanContext().spanId,
    });
  });

  it('is told before its invocation ends where it is kept whatever comes, and what is open then, too', () => {
    const { held, tracer, told, span } = start();
    const { traceId } = span.spanContext();
    tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, span)).end();
    const open = span as Span & EndedSpan;
    held.addKept(open);
    expect(told).toEqual([]);
    held.keep(traceId);
    held.addKept(open);
    span.end();
    held.settle(traceId, false);
    expect(told.map(({ name }) => name)).toEqual(['child', 'invocation', 'invocation']);
  });

  it('of which one of two invocations at once is kept is told whole', () => {
    const { held, tracer, told, span } = start();
    const { traceId } = span.spanContext();
    tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, span)).end();
    const second = tracer.startSpan('second', {}, withSpan(ROOT_CONTEXT, span));
    held.hold(traceId);
    second.end();
    held.settle(traceId, false);
    span.end();
    held.settle(traceId, true);
    expect(told.map(({ name }) => name)).toEqual(['child', 'second', 'invocation']);
  });

  it('is forgotten when none of its invocations is kept, and held anew by the next', () => {
    const { held, tracer, told, span } = start();
    const { traceId } = span.spanContext();
    held.hold(traceId);
    held.settle(traceId, false);
    held.settle(traceId, true);
    span.end();
    held.hold(traceId);
    tracer.startSpan('of the next', {}, withSpan(ROOT_CONTEXT, span)).end();
    held.settle(traceId, false);
    expect(told.map(({ name }) => name)).toEqual(['invocation']);
  });

  it('is forgotten when it is not kept', () => {
    const { held, tracer, told, span } = start();
    const late = tracer.startSpan('late', {}, withSpan(ROOT_CONTEXT, span));
    span.end();
    held.settle(span.spanContext().traceId, false);
    late.end();
    expect(tracer.startSpan('later', {}, withSpan(ROOT_CONTEXT, span)).isRecording()).toBe(false);
    expect(told).toEqual([]);
  });

  it('does not make other traces that are not sampled recorded', () => {
    const { tracer } = start();
    expect(tracer.startSpan('other').isRecording()).toBe(false);
  });

  it('holds a bounded number of spans, the invocation among them', () => {
    const { held, tracer, told, span } = start();
    const context = withSpan(ROOT_CONTEXT, span);
    for (let i = 0; i < 2000; i++) tracer.startSpan('child', {}, context).end();
    span.end();
    held.settle(span.spanContext().traceId, true);
    expect(told).toHaveLength(512);
    expect(told.at(-1)!.name).toBe('invocation');
  });
});
