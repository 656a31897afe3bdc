import { createIdSource } from '@clickspan/shared/ids';
import { ROOT_CONTEXT, spanOf, withSpan } from '@clickspan/shared/context';
import {
  createSilentSpan,
  createTracerProvider,
  toExceptionAttributes,
  type EndedSpan,
} from '@clickspan/shared/tracer';
import { trace, type Context, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { createSdkTracerProvider } from './sdkTracerProvider.ts';

interface Bench {
  readonly tracer: Tracer;
  readonly ended: EndedSpan[];
  now: number;
  active: Context;
  sampled: boolean;
}

type Make = (bench: Bench) => TracerProvider;

const ids = createIdSource((bytes) => crypto.getRandomValues(bytes));
const surroundings = (bench: Bench) => ({
  ids,
  activeContext: () => bench.active,
  runWith: <T>(context: Context, run: () => T): T => {
    const before = bench.active;
    bench.active = context;
    try {
      return run();
    } finally {
      bench.active = before;
    }
  },
  sample: () => bench.sampled,
  onEnd: (span: EndedSpan) => void bench.ended.push(span),
});
const engines: [string, Make][] = [
  [
    'own',
    (bench) =>
      createTracerProvider({
        ...surroundings(bench),
        clock: () => bench.now,
        describe: toExceptionAttributes,
      }),
  ],
  ['OpenTelemetry', (bench) => createSdkTracerProvider({ ...surroundings(bench), now: () => bench.now })],
];

function createBench(make: Make): Bench {
  const bench = { ended: [], now: 1_700_000_000_000.25, active: ROOT_CONTEXT, sampled: true } as unknown as {
    -readonly [K in keyof Bench]: Bench[K];
  };
  bench.tracer = make(bench).getTracer('scope', '1.2.3');
  return bench;
}

describe.each(engines)('the tracer of the %s engine', (_name, make) => {
  it('gives a finished span as the exporter takes it', () => {
    const bench = createBench(make);
    const link = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } };
    const span = bench.tracer.startSpan('work', {
      kind: 2,
      attributes: { a: 1, none: undefined },
      links: [link],
    });
    span.setAttribute('long', 'x'.repeat(5000)).addEvent('route', { to: '/x' }, bench.now + 1);
    span.setStatus({ code: 2, message: 'broken' });
    bench.now += 2.5;
    span.end();
    span.end();
    span.setAttribute('late', 1);
    expect(bench.ended).toHaveLength(1);
    const [ended] = bench.ended;
    expect(ended).toMatchObject({
      parentSpanId: '',
      parentIsRemote: false,
      name: 'work',
      kind: 2,
      status: { code: 2, message: 'broken' },
      scope: { name: 'scope', version: '1.2.3' },
      droppedAttributes: 0,
    });
    expect({ ...ended!.attributes }).toEqual({ a: 1, long: 'x'.repeat(4096) });
    expect(ended!.links[0]!.context).toEqual(link.context);
    expect(ended!.events.map(({ name, attributes }) => [name, { ...attributes }])).toEqual([
      ['route', { to: '/x' }],
    ]);
    expect(ended!.startUnixMs).toBeCloseTo(1_700_000_000_000.25, 2);
    expect(ended!.endUnixMs - ended!.startUnixMs).toBeCloseTo(2.5, 2);
    expect(ended!.events[0]!.unixMs - ended!.startUnixMs).toBeCloseTo(1, 2);
  });

  it('says of a new trace that its id is random, and keeps what the parent says', () => {
    const bench = createBench(make);
    const root = bench.tracer.startSpan('root');
    expect(root.spanContext().traceFlags).toBe(3);
    const child = bench.tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, root));
    expect(child.spanContext()).toMatchObject({ traceId: root.spanContext().traceId, traceFlags: 3 });
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    const below = bench.tracer.startSpan('below', {}, withSpan(ROOT_CONTEXT, createSilentSpan(remote)));
    expect(below.spanContext().traceFlags).toBe(1);
    below.end();
    expect(bench.ended[0]).toMatchObject({ parentSpanId: remote.spanId, parentIsRemote: true });
  });

  it('records nothing of an unsampled trace, and hands it on as such', () => {
    const bench = createBench(make);
    bench.sampled = false;
    const root = bench.tracer.startSpan('root');
    bench.sampled = true;
    const child = bench.tracer.startSpan('child', {}, withSpan(ROOT_CONTEXT, root));
    expect([root, child].map((span) => [span.isRecording(), span.spanContext().traceFlags])).toEqual([
      [false, 2],
      [false, 2],
    ]);
    expect(child.spanContext().traceId).toBe(root.spanContext().traceId);
    child.end();
    expect(bench.ended).toEqual([]);
  });

  it('takes the current context, unless another is given or a root is wanted', () => {
    const bench = createBench(make);
    const outer = bench.tracer.startSpan('outer');
    bench.active = withSpan(ROOT_CONTEXT, outer);
    const traceIds = [
      bench.tracer.startSpan('child'),
      bench.tracer.startSpan('root', { root: true }),
      bench.tracer.startSpan('elsewhere', {}, ROOT_CONTEXT),
    ].map((span) => span.spanContext().traceId === outer.spanContext().traceId);
    expect(traceIds).toEqual([true, false, false]);
  });

  it('makes a span the current one while a function runs', () => {
    const bench = createBench(make);
    const result = bench.tracer.startActiveSpan('outer', (outer) =>
      bench.tracer.startActiveSpan('inner', { attributes: { a: 1 } }, (inner) => {
        expect(trace.getSpan(bench.active)).toBe(inner);
        inner.end();
        outer.end();
        return 'result';
      }),
    );
    expect(result).toBe('result');
    expect(spanOf(bench.active)).toBeUndefined();
    expect(bench.ended[0]!.parentSpanId).toBe(bench.ended[1]!.context.spanId);
  });
});
