import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { createActiveContext } from '../../platform/activeContext.ts';
import { createGuard } from '../../platform/guard.ts';
import { describeMessage } from '../triggers/describeMessage.ts';
import { createHeldTraces } from './heldTraces.ts';
import { createInvocations } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import type { Outcome } from '../../model/outcome.ts';
import { createSampler } from './sampling.ts';

const GUARD = createGuard(() => {});

interface Started {
  readonly invocation: Invocation;
  readonly ended: EndedSpan[];
  readonly outcomes: Outcome[];
  /** What was told of spans that were open. */
  readonly interrupted: EndedSpan[];
}

function start(
  event: unknown = {},
  completesResults = true,
  initializationType = 'provisioned-concurrency',
  sample = true,
): Started {
  const ended: EndedSpan[] = [];
  const outcomes: Outcome[] = [];
  const interrupted: EndedSpan[] = [];
  const provider = createTracerProvider({
    clock: () => 1000,
    ids: createIdSource((bytes) => bytes.fill(7)),
    activeContext: () => {
      throw new Error('every span names its parent');
    },
    runWith: (_, run) => run(),
    describe: toExceptionAttributes,
    sample: () => sample,
    // The environment had been made ahead of demand: its init is a trace of its own.
    onEnd: (span) => void (span.name !== 'init' && ended.push(span)),
  });
  const invocations = createInvocations({
    tracer: provider.getTracer('test'),
    contexts: createActiveContext(),
    describeMessage,
    tellInterrupted: (span) => interrupted.push(span),
    readXrayHeader: () => undefined,
    xray: 'link',
    now: () => 1000,
    guard: GUARD,
    parseTrigger: () => {
      if (event === 'hostile') throw new Error('a getter');
      return { kind: 1, attributes: {}, answer: 'v2' };
    },
    functionName: 'f',
    initializationType,
    restarted: false,
    initStartUnixMs: 0,
    serverTiming: true,
    completesResults,
    watch: () => (outcome) => outcomes.push(outcome),
    sampler: createSampler({
      sampler: 'parentbased_always_on',
      ratio: 1,
      takeTrust: () => true,
      random: Math.random,
    }),
    held: createHeldTraces(() => {}),
    keeps: { errors: true, coldStarts: true },
    capture: { event: false, result: false, toText: String },
  });
  return { invocation: invocations.start(event, { awsRequestId: 'r' }), ended, outcomes, interrupted };
}

/** Throws at whatever is asked of it. */
const HOSTILE: object = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hostile');
    },
    has: () => {
      throw new Error('hostile');
    },
    ownKeys: () => {
      throw new Error('hostile');
    },
  },
);

describe('an invocation', () => {
  it('has its span also where the event cannot be read', () => {
    const { invocation, ended } = start('hostile');
    invocation.succeed({ statusCode: 200 });
    expect(ended).toMatchObject([{ name: 'f', attributes: { 'faas.invocation_id': 'r' } }]);
  });

  it('has its span also where the result cannot be read', () => {
    const { invocation, ended } = start();
    GUARD(() => invocation.succeed(HOSTILE));
    expect(ended).toHaveLength(1);
  });

  it('has its span, marked as failed, also where the error cannot be read', () => {
    const { invocation, ended } = start();
    GUARD(() => invocation.fail(HOSTILE));
    expect(ended).toMatchObject([{ status: { code: 2 } }]);
  });

  it.each([
    [{ statusCode: 404 }, 0, 404],
    [{ statusCode: 500 }, 2, 500],
    [{ statusCode: 'none' }, 2, undefined],
    ['text', 0, 200],
  ])('that answers %j has the status of a server', (result, code, status) => {
    const { invocation, ended } = start();
    invocation.succeed(result);
    expect([ended[0]!.status.code, ended[0]!.attributes['http.response.status_code']]).toEqual([
      code,
      status,
    ]);
  });

  it('ends once', () => {
    const { invocation, ended } = start();
    invocation.exit(1, undefined);
    invocation.succeed({ statusCode: 200 });
    expect(ended).toMatchObject([{ attributes: { 'error.type': 'Runtime.ExitError' } }]);
  });

  it('that answers shortly before the deadline is told as timed out, then as it ended', () => {
    const { invocation, ended, interrupted, outcomes } = start();
    invocation.tellTimeout();
    expect(interrupted).toMatchObject([
      { endUnixMs: 1000, status: { code: 2 }, attributes: { 'error.type': 'timeout' } },
    ]);
    invocation.succeed({ statusCode: 200 });
    expect(ended).toMatchObject([{ status: { code: 0 }, attributes: { 'http.response.status_code': 200 } }]);
    expect(ended[0]!.attributes).not.toHaveProperty('error.type');
    expect(ended[0]!.context.spanId).toBe(interrupted[0]!.context.spanId);
    invocation.tellTimeout();
    expect(interrupted).toHaveLength(1);
    expect(outcomes).toMatchObject([{ timedOut: false, errorType: undefined }]);
  });

  it.each<[string, (invocation: Invocation) => void]>([
    ['its answer', (invocation) => void invocation.succeed({ statusCode: 500 }, true)],
    ['the end of its stream', (invocation) => invocation.fail(new Error('x'), true)],
  ])('that waits for what is left to do behind %s ends behind that', (_, settle) => {
    const { invocation, ended, outcomes } = start();
    settle(invocation);
    expect([ended, outcomes]).toEqual([[], []]);
    invocation.conclude();
    invocation.conclude();
    expect(ended).toMatchObject([{ status: { code: 2 } }]);
    expect(outcomes).toHaveLength(1);
  });

  it('that waits for what never ends has timed out, and has no status of an answer', () => {
    const { invocation, interrupted, outcomes } = start();
    invocation.succeed({ statusCode: 200 }, true);
    invocation.tellTimeout();
    invocation.countTimeout();
    expect(interrupted).toMatchObject([{ attributes: { 'error.type': 'timeout' } }]);
    expect(interrupted[0]!.attributes).not.toHaveProperty(['http.response.status_code']);
    expect(outcomes).toMatchObject([{ timedOut: true, errorType: 'timeout' }]);
  });

  it.each([
    ['provisioned-concurrency', true],
    ['snap-start', false],
  ])('that is the first of an environment by %s tells how long its start took: %s', (type, tells) => {
    const { headers } = start({}, true, type).invocation.succeed({ statusCode: 200 }) as {
      headers: Record<string, string>;
    };
    expect(headers['server-timing']!.includes('init;dur=')).toBe(tells);
  });

  it.each<[string, (invocation: Invocation) => unknown, Partial<Outcome>]>([
    ['succeeds', (invocation) => invocation.succeed({ statusCode: 404 }), { errorType: undefined }],
    ['answers 503', (invocation) => invocation.succeed({ statusCode: 503 }), { errorType: '503' }],
    ['throws', (invocation) => invocation.fail(new RangeError('x')), { errorType: 'RangeError' }],
    ['throws what cannot be read', (invocation) => invocation.fail(HOSTILE), { errorType: '_OTHER' }],
    ['times out', (invocation) => invocation.countTimeout(), { errorType: 'timeout', timedOut: true }],
    ['exits', (invocation) => invocation.exit(1, undefined), { errorType: 'Runtime.ExitError' }],
    ['is idle', (invocation) => invocation.idle(), { errorType: undefined }],
  ])('that %s tells its outcome once, recorded or not', (_, end, outcome) => {
    for (const sample of [true, false]) {
      const { invocation, ended, outcomes } = start({}, true, undefined, sample);
      GUARD(() => end(invocation));
      invocation.succeed({ statusCode: 200 });
      expect(ended).toHaveLength(sample ? 1 : 0);
      expect(outcomes).toMatchObject([
        {
          timedOut: false,
          ...outcome,
          startUnixMs: 1000,
          endUnixMs: 1000,
          attributes: { 'clickspan.init_ms': 1000 },
        },
      ]);
    }
  });

  it('completes a result without a status only where nobody else sees the result', () => {
    const result = { message: 'x' };
    expect(start({}, true).invocation.succeed(result)).toMatchObject({ statusCode: 200 });
    expect(start({}, false).invocation.succeed(result)).toBe(result);
    expect(start({}, false).invocation.succeed({ statusCode: 201 })).toMatchObject({
      statusCode: 201,
      headers: { 'server-timing': expect.stringContaining('handler') as string },
    });
  });
});
