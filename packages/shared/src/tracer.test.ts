import { createContextKey, ROOT_CONTEXT as API_ROOT_CONTEXT, trace, type Span } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { ROOT_CONTEXT, spanOf, withSpan } from './context.ts';
import { createIdSource } from './ids.ts';
import {
  createSilentSpan,
  createTracerProvider,
  KIND_CLIENT,
  toExceptionAttributes,
  type EndedSpan,
  type TracerEnvironment,
} from './tracer.ts';

function setUp(overrides: Partial<TracerEnvironment> = {}) {
  const ended: EndedSpan[] = [];
  let now = 1_700_000_000_000;
  let active = ROOT_CONTEXT;
  const provider = createTracerProvider({
    clock: () => (now += 1.5),
    ids: createIdSource((bytes) => crypto.getRandomValues(bytes)),
    activeContext: () => active,
    runWith: (context, run) => {
      const before = active;
      active = context;
      try {
        return run();
      } finally {
        active = before;
      }
    },
    describe: toExceptionAttributes,
    onEnd: (span) => ended.push(span),
    ...overrides,
  });
  return { ended, tracer: provider.getTracer('test', '1.0') };
}

describe('createTracerProvider', () => {
  it('records a root span with new ids, sampled and random', () => {
    const { ended, tracer } = setUp();
    tracer.startSpan('root').end();
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({
      name: 'root',
      parentSpanId: '',
      scope: { name: 'test', version: '1.0' },
      startUnixMs: 1_700_000_000_001.5,
      endUnixMs: 1_700_000_000_003,
      status: { code: 0 },
    });
    expect(ended[0]!.context.traceFlags).toBe(3);
  });

  it('continues a remote parent: its trace, flags and tracestate', () => {
    const { ended, tracer } = setUp();
    const traceState = { serialize: () => 'a=1' } as never;
    const remote = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceFlags: 1,
      isRemote: true,
      traceState,
    };
    tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, createSilentSpan(remote))).end();
    expect(ended[0]).toMatchObject({
      parentSpanId: remote.spanId,
      parentIsRemote: true,
      context: { traceId: remote.traceId, traceFlags: 1, traceState },
    });
  });

  it('records nothing below an unsampled parent, yet hands on a context of its own', () => {
    const { ended, tracer } = setUp();
    const parent = createSilentSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 2 });
    const child = tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, parent));
    child.end();
    expect(child.isRecording()).toBe(false);
    expect(child.spanContext()).toMatchObject({ traceId: 'a'.repeat(32), traceFlags: 2 });
    expect(child.spanContext().spanId).not.toBe('b'.repeat(16));
    expect(ended).toEqual([]);
  });

  it('asks the sampler for roots only', () => {
    const { ended, tracer } = setUp({ sample: () => false });
    tracer.startSpan('dropped').end();
    const sampled = createSilentSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
    tracer.startSpan('kept', {}, withSpan(ROOT_CONTEXT, sampled)).end();
    expect(ended.map((span) => span.name)).toEqual(['kept']);
  });

  it('makes a span active while a function runs, and gives back what it returns', () => {
    const { ended, tracer } = setUp();
    const result = tracer.startActiveSpan('outer', (outer: Span) => {
      tracer.startSpan('inner').end();
      outer.end();
      return 42;
    });
    expect(result).toBe(42);
    const [inner, outer] = ended;
    expect(inner!.parentSpanId).toBe(outer!.context.spanId);
    tracer.startActiveSpan('with options', { kind: KIND_CLIENT }, (span) => span.end());
    tracer.startActiveSpan('with context', {}, ROOT_CONTEXT, (span) => span.end());
    expect(ended[2]!.kind).toBe(KIND_CLIENT);
    expect(ended[3]!.parentSpanId).toBe('');
  });

  it('keeps contexts that the OpenTelemetry API understands, both ways', () => {
    const span = createSilentSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
    expect(trace.getSpan(withSpan(ROOT_CONTEXT, span))).toBe(span);
    expect(spanOf(trace.setSpan(API_ROOT_CONTEXT, span))).toBe(span);
    const key = createContextKey('own');
    const context = ROOT_CONTEXT.setValue(key, 1);
    expect(context.getValue(key)).toBe(1);
    expect(context.deleteValue(key).getValue(key)).toBeUndefined();
    expect(ROOT_CONTEXT.getValue(key)).toBeUndefined();
  });

  it('counts what goes over the limits, and cuts long values', () => {
    const { ended, tracer } = setUp();
    const link = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } };
    const many = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`a${i}`, 'x'.repeat(5000)]));
    const span = tracer.startSpan('s', { attributes: many, links: Array.from({ length: 130 }, () => link) });
    for (let i = 0; i < 131; i++) span.addEvent('e', many);
    span.setAttribute('a0', ['y'.repeat(5000), 'z']);
    span.end();
    const [{ attributes, events, links, ...rest }] = ended as [EndedSpan];
    expect(
      [attributes, events, links, events[127]!.attributes].map((all) => Object.keys(all).length),
    ).toEqual([128, 128, 128, 128]);
    expect(attributes).toMatchObject({ a0: ['y'.repeat(4096), 'z'], a127: 'x'.repeat(4096) });
    expect(rest).toMatchObject({ droppedAttributes: 1, droppedEvents: 3, droppedLinks: 2 });
  });

  it('changes nothing after the end, and ends once', () => {
    const { ended, tracer } = setUp();
    const span = tracer.startSpan('s');
    span.end();
    span.setAttribute('late', 1).updateName('late').setStatus({ code: 2 }).addEvent('late').end();
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({ name: 's', status: { code: 0 }, events: [] });
    expect(ended[0]!.attributes).toEqual({});
  });

  it('never ends before it starts, whatever the clock says', () => {
    const { ended, tracer } = setUp();
    tracer.startSpan('s', { startTime: 5000 }).end(4000);
    tracer.startSpan('s', { startTime: [5, 500_000_000] }).end(new Date(6000));
    expect(ended.map((s) => [s.startUnixMs, s.endUnixMs])).toEqual([
      [5000, 5000],
      [5500, 6000],
    ]);
  });

  it('takes the clock where it is given a time that is none', () => {
    const { ended, tracer } = setUp();
    const none = new Date('no date');
    tracer.startSpan('s', { startTime: none }).addEvent('e', none).end(NaN);
    const [span] = ended;
    for (const unixMs of [span!.startUnixMs, span!.endUnixMs, span!.events[0]!.unixMs])
      expect(unixMs).toBeGreaterThan(0);
  });

  it('records anything thrown', () => {
    const { ended, tracer } = setUp();
    const span = tracer.startSpan('s');
    span.recordException(new TypeError('bad'));
    span.recordException('text');
    span.recordException(null as never);
    span.end();
    expect(ended[0]!.events[0]!.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'bad',
      'exception.stacktrace': expect.stringContaining('TypeError: bad') as string,
    });
    expect(ended[0]!.events[1]!.attributes).toMatchObject({ 'exception.message': 'text' });
    expect(ended[0]!.events).toHaveLength(3);
  });

  it('is not fooled by attribute names of the prototype', () => {
    const { ended, tracer } = setUp();
    tracer.startSpan('s').setAttribute('__proto__', 'x').setAttribute('constructor', 'y').end();
    expect(Object.entries(ended[0]!.attributes)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('takes nothing that a page has put onto the prototype of all objects', () => {
    const { ended, tracer } = setUp();
    const { prototype } = Object as unknown as { prototype: { extend?: string } };
    try {
      prototype.extend = 'x';
      tracer.startSpan('s', { attributes: { a: 1 } }).end();
    } finally {
      delete prototype.extend;
    }
    expect(Object.keys(ended[0]!.attributes)).toEqual(['a']);
  });
});
