import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeLogs, decodeSpans, startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedLog, ReceivedSpan } from '../support/collector.ts';
import { bundleFunction } from '../support/functionBundle.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';
import { LAYER_ZIP, isInvocation, withLayer } from '../support/layer.ts';

/** Everything that may go wrong when somebody looks at what is logged. */
const SOURCE = `
  import { Logger } from '@aws-lambda-powertools/logger';
  const logger = new Logger({ serviceName: 'shop' });
  console.log('while loading');
  let reads = 0;
  const hostile = {
    get getter() { return ++reads; },
    inspected: { [Symbol.for('nodejs.util.inspect.custom')]() { reads++; console.warn('inner'); return 'inspected'; } },
    toJSON() { reads++; throw new Error('no JSON'); },
  };
  /** Of its own stack: those of handlers have the agent's calls in them, whether logs are taken or not. */
  const fail = (name, message, cause) =>
    Object.assign(new globalThis[name](message, cause), { stack: name + ': ' + message + '\\n    at f (a.js:1:1)' });
  const circular = { name: 'circular' };
  circular.self = circular;
  export const handler = async () => {
    console.log('hello %s', 'world', { a: 1 });
    console.info({ message: 'paid', orderId: 7, password: 'hunter22' });
    console.warn('two\\nlines, for someone@example.com');
    console.debug('debug');
    console.trace('trace');
    console.log(hostile);
    console.log('x', hostile);
    console.log(circular);
    console.log();
    console.log(undefined);
    console.dir({ dir: true });
    console.table([{ a: 1 }]);
    console.error(fail('RangeError', 'no', { cause: fail('TypeError', 'deep') }));
    console.error('failed', fail('RangeError', 'no'));
    console.log(JSON.stringify({ level: 'warn', message: 'by JSON', n: 1 }));
    try { console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('x'); } }, 1); } catch (error) { console.log(error.message); }
    logger.info('order', { orderId: 7, note: 'for\\nsomeone@example.com' });
    logger.error('order failed', fail('RangeError', 'no'));
    process.stdout.write('{"level":40,"msg":"of pino"}\\n');
    await new Promise((resolve) => process.stdout.write('direct\\n', resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(reads, console.log === console.info, console.log.length, console.error.name, typeof process.stdout.fd);
    return 1;
  };
`;

const RUNTIMES = ['nodejs22.x', 'nodejs24.x'] as const;
const FORMATS = ['Text', 'JSON'] as const;
/** The two formats; and as on AWS, where the runtime client has a file descriptor of its own for `console`. */
const WAYS = ['Text', 'JSON', 'Text-fd', 'JSON-fd'] as const;
const CASES = RUNTIMES.flatMap((runtime) => WAYS.map((way) => [runtime, way] as const));
const INVOCATIONS = 2;

const nameOf = (runtime: string, way: string): string => `${runtime.slice(6, 8)}-${way}`;

/** What of a function's own lines is the same every time. */
function toComparable(log: readonly string[], name: string): string[] {
  const lines = log
    .filter((line) => line.startsWith(name) && !line.startsWith(`${name} platform`))
    .map((line) =>
      line
        .slice(name.length)
        .replaceAll(/clickspan-function-\w+/g, 'code')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
        .replaceAll(/\b[\da-f]{8}-[\da-f-]{27}\b/g, 'id')
        .replaceAll(/1-[\da-f]{8}-[\da-f]{24}/g, 'x-ray'),
    );
  // What comes by one of the streams keeps its order, what comes by the other may overtake it.
  return ['stdout', 'stderr'].flatMap((stream) => lines.filter((line) => line.startsWith(` ${stream}`)));
}

const NO = { 'exception.type': 'RangeError', 'exception.message': 'no' };
const NO_STACK = 'RangeError: no\n    at f (a.js:1:1)';

/** What an invocation of the function has written, as records: severity, the beginning of the text, some attributes. */
function toExpected(isJson: boolean): readonly (readonly [number, string, object?])[] {
  return [
    [9, 'hello world { a: 1 }'],
    isJson
      ? [9, 'paid', { orderId: 7, password: '*' }]
      : [9, "{ message: 'paid', orderId: 7, password: '*' }"],
    [13, 'two\nlines, for *'],
    [5, 'debug'],
    [1, 'trace'],
    [13, 'inner'],
    [9, '{ getter: [Getter], inspected: inspected'],
    [13, 'inner'],
    [9, 'x { getter: [Getter], inspected: inspected'],
    [9, "<ref *1> { name: 'circular', self: [Circular *1] }"],
    [9, 'undefined'],
    [9, 'undefined'],
    [0, '{ dir: true }', { 'log.iostream': 'stdout' }],
    [9, '┌─────────┬───┐\n'],
    [
      17,
      'RangeError: no',
      { ...NO, 'exception.stacktrace': `${NO_STACK}\nCaused by: TypeError: deep\n    at f (a.js:1:1)` },
    ],
    [17, 'failed RangeError: no', { ...NO, 'exception.stacktrace': NO_STACK }],
    [13, 'by JSON', { n: 1 }],
    [9, 'x'],
    [9, 'order', { orderId: 7, note: 'for\n*', service: 'shop', 'log.iostream': 'stdout' }],
    [
      17,
      'order failed',
      { ...NO, 'exception.stacktrace': NO_STACK, service: 'shop', 'log.iostream': 'stderr' },
    ],
    [13, 'of pino', { 'log.iostream': 'stdout' }],
    [0, 'direct'],
    [9, isJson ? '3 true 1' : '2 true 1'],
  ];
}

describe('the log of a function', () => {
  let collector: FakeCollector;
  let stage: Stage;
  beforeAll(async () => {
    collector = await startFakeCollector();
    const source = await bundleFunction(SOURCE);
    const functions = CASES.flatMap(([runtime, way]): StageFunction[] => {
      const name = nameOf(runtime, way);
      const isFd = way.endsWith('-fd');
      const logFormat = way.startsWith('JSON') ? 'JSON' : 'Text';
      const config = { source, runtime, logFormat, timeoutMs: 10_000 } as const;
      const environment = { CLICKSPAN_LOGS: 'all', ...(isFd && { _LAMBDA_TELEMETRY_LOG_FD: '1' }) };
      const taken = withLayer({ ...config, name: `${name}-taken`, environment }, collector.url);
      return isFd ? [taken] : [{ ...config, name: `${name}-bare` }, taken];
    });
    stage = await startStage(functions);
    for (let i = 0; i < INVOCATIONS; i++)
      for (const { name } of functions) await stage.emulator.invoke(name, null);
    await collector.waitForSpans(INVOCATIONS * CASES.length, isInvocation());
  });
  afterAll(async () => {
    await stage?.stop();
    await collector.stop();
  });

  it.each(CASES.filter(([, way]) => !way.endsWith('-fd')))(
    'is the same, byte for byte, as without the agent (%s, %s)',
    (runtime, way) => {
      const bare = toComparable(stage.log, `${nameOf(runtime, way)}-bare`);
      expect(bare.length).toBeGreaterThan(40);
      expect(toComparable(stage.log, `${nameOf(runtime, way)}-taken`)).toEqual(bare);
    },
  );

  it.each(CASES)('becomes records of the invocation that wrote it (%s, %s)', (runtime, way) => {
    const isMine = ({ resource }: ReceivedLog | ReceivedSpan): boolean =>
      resource['faas.name'] === `${nameOf(runtime, way)}-taken`;
    const mine = collector.logs.filter(isMine);
    expect(mine.filter(({ traceId }) => !traceId)).toMatchObject([{ severity: 9, body: 'while loading' }]);
    const [first] = collector.spans.filter((span) => isInvocation()(span) && isMine(span));
    const own = mine.filter(({ traceId }) => traceId === first!.traceId);
    const expected = toExpected(way.startsWith('JSON'));
    expect(own.map(({ severity, body }, i) => [severity, body.slice(0, expected[i]?.[1].length)])).toEqual(
      expected.map(([severity, body]) => [severity, body]),
    );
    for (const [i, [, , attributes = {}]] of expected.entries()) {
      expect(own[i]!.attributes).toMatchObject(attributes);
      expect(own[i]!.attributes['faas.invocation_id']).toBe(first!.attributes['faas.invocation_id']);
      expect(own[i]!.spanId).toBe(first!.spanId);
    }
    expect(mine).toHaveLength(1 + INVOCATIONS * expected.length);
  });
});

it('has the exceptions of spans where the conventions have them by now, if asked to', async () => {
  const collector = await startFakeCollector();
  const environment = { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: 'logs' };
  const source =
    'export const handler = async () => { console.error("not taken"); throw new RangeError("no"); };';
  const stage = await startStage([withLayer({ name: 'f', source, environment }, collector.url)]);
  try {
    await stage.emulator.invoke('f', {});
    const span = await collector.waitForSpan(isInvocation());
    expect([span.events, span.status]).toEqual([[], { code: 2, message: 'no' }]);
    await until('its exception is there', () => collector.logs.length > 0);
    const { traceId, spanId } = span;
    expect(collector.logs).toMatchObject([
      {
        traceId,
        spanId,
        severity: 17,
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'no' },
      },
    ]);
  } finally {
    await stage.stop();
    await collector.stop();
  }
});

const QUIET = `
  export const handler = async ({ i }) => {
    console.info('not wanted');
    console.error('failed', i);
    if (i === 1) for (let n = 0; n < 400; n++) console.error(n, '€'.repeat(1000));
    return i;
  };
`;

describe.each(RUNTIMES)('a function that can reach no collector (%s)', (runtime) => {
  it.each(FORMATS)(
    'writes all that it tells into its own log before it is frozen (%s)',
    async (logFormat) => {
      const environment = {
        NODE_OPTIONS: '--require /opt/clickspan/preload.cjs',
        OTEL_TRACES_EXPORTER: 'otlp/stdout',
        OTEL_LOGS_EXPORTER: 'otlp/stdout',
        OTEL_METRICS_EXPORTER: 'otlp/stdout',
        CLICKSPAN_LOGS: 'errors',
        AWS_LAMBDA_LOG_LEVEL: 'ERROR',
      };
      const stage = await startStage([
        { name: 'f', source: QUIET, runtime, logFormat, layers: [LAYER_ZIP], environment, timeoutMs: 10_000 },
      ]);
      try {
        const lines = (): string[] =>
          stage.log.filter((line) => line.startsWith('f stdout {"resource')).map((line) => line.slice(9));
        const spans = (): ReceivedSpan[] =>
          lines().flatMap((line) => (line.startsWith('{"resourceSpans') ? decodeSpans(line, 0) : []));
        const logs = (): ReceivedLog[] =>
          lines().flatMap((line) => (line.startsWith('{"resourceLogs') ? decodeLogs(line) : []));
        for (let i = 0; i < 20; i++) {
          const { requestId } = await stage.emulator.invoke('f', { i });
          await until('it is frozen', () => stage.environments()[0]!.frozen);
          // While it is frozen nothing can be written any more.
          await until('its span is there', () => spans().some(isInvocation(requestId)));
          const [span] = spans().filter(isInvocation(requestId));
          await until('its logs are there', () => logs().some(({ body }) => body === `failed ${i}`));
          expect(logs().find(({ body }) => body === `failed ${i}`)).toMatchObject({
            severity: 17,
            traceId: span!.traceId,
            spanId: span!.spanId,
            resource: { 'service.name': 'f' },
          });
        }
        expect(logs()).toHaveLength(20 + 400);
        expect(lines().some((line) => line.startsWith('{"resourceMetrics":'))).toBe(true);
        for (const line of lines()) expect(Buffer.byteLength(line)).toBeLessThan(262_144);
        // Lambda drops JSON below the level that is asked for, and takes it for INFO where it tells none.
        for (const line of lines())
          expect((JSON.parse(line) as { level?: string }).level).toBe(
            logFormat === 'JSON' ? 'FATAL' : undefined,
          );
        expect(stage.environments()).toHaveLength(1);
      } finally {
        await stage.stop();
      }
    },
  );
});
