import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { encodeSpan } from '@clickspan/shared/otlp';
import { createTracerProvider } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { decodeSpans, type ReceivedSpan } from '../../../../../test/support/collector.ts';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import type { PostAnswer, PostRequest } from '../../platform/post.ts';
import { createExporter, type Exporter } from './exporter.ts';

interface Setup {
  readonly time: FakeTime;
  readonly exporter: Exporter;
  readonly posts: PostRequest[];
  readonly warnings: string[];
  /** What the collector answers from now on. */
  answer: PostAnswer | Promise<PostAnswer> | 'never';
  readonly record: (name: string, bytes?: number) => void;
  readonly received: () => ReceivedSpan[];
}

const OK: PostAnswer = { status: 200, retryAfter: null };

function setUp(endpoint = 'http://collector.example'): Setup {
  const time = createFakeTime();
  const posts: PostRequest[] = [];
  const warnings: string[] = [];
  const exporter = createExporter({
    options: { endpoint, headers: { 'x-key': 'k' } },
    resource: { 'service.name': 'shop' },
    async post(request) {
      posts.push(request);
      const { answer } = setup;
      return answer === 'never' ? new Promise(() => {}) : answer;
    },
    after: time.after,
    clock: { now: time.now, fromTimeStamp: (ms) => ms },
    random: () => 0.5,
    warn: (message) => warnings.push(message),
  });
  let id = 0;
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => 'a'.repeat(32), spanId: () => (++id).toString(16).padStart(16, '0') },
    activeContext: () => ROOT_CONTEXT,
    runWith: (_context, run) => run(),
    onEnd: (span) => exporter.add({ signal: 'traces', ...encodeSpan(span) }),
  }).getTracer('test');
  const setup: Setup = {
    time,
    exporter,
    posts,
    warnings,
    answer: OK,
    record(name, bytes = 0) {
      tracer.startSpan(name, { attributes: { filling: 'x'.repeat(bytes) } }).end();
    },
    received: () => posts.flatMap(({ body }) => decodeSpans(body, 0)),
  };
  return setup;
}

describe('exporter', () => {
  it('sends what has gathered for a while as one request', async () => {
    const { time, posts, record, received } = setUp();
    record('one');
    await time.advance(400);
    record('two');
    expect(posts).toEqual([]);
    await time.advance(100);
    expect(posts).toHaveLength(1);
    expect(posts[0]).toMatchObject({
      url: 'http://collector.example/v1/traces',
      headers: { 'x-key': 'k', 'content-type': 'application/json' },
      keepalive: true,
    });
    expect(received().map(({ name }) => name)).toEqual(['one', 'two']);
    expect(received()[0]!.resource).toEqual({ 'service.name': 'shop' });
    await time.advance(10_000);
    expect(posts).toHaveLength(1);
  });

  it('sends a big batch at once, in requests that may outlive the page', async () => {
    const { time, posts, record, received } = setUp();
    for (let i = 0; i < 100; i++) record(`n${i}`, 1000);
    await time.advance(0);
    await time.advance(1000);
    expect(received()).toHaveLength(100);
    for (const { body } of posts) expect(body.length).toBeLessThan(40_000);
  });

  it('keeps a batch that was not taken, and asks less and less often', async () => {
    const setup = setUp();
    setup.answer = { status: 503, retryAfter: null };
    setup.record('one');
    const times: number[] = [];
    for (let second = 0; second < 100; second++) {
      const before = setup.posts.length;
      await setup.time.advance(1000);
      if (setup.posts.length > before) times.push(second);
    }
    expect(times.length).toBeLessThan(8);
    expect(setup.warnings).toHaveLength(setup.posts.length - 2);
    setup.answer = OK;
    setup.record('two');
    await setup.time.advance(300_000);
    expect(
      setup
        .received()
        .slice(-2)
        .map(({ name }) => name),
    ).toEqual(['one', 'two']);
  });

  it('waits as long as the collector asks', async () => {
    const setup = setUp();
    setup.answer = { status: 429, retryAfter: '20' };
    setup.record('one');
    await setup.time.advance(1000);
    setup.answer = OK;
    await setup.time.advance(19_000);
    expect(setup.posts).toHaveLength(1);
    await setup.time.advance(1500);
    expect(setup.posts).toHaveLength(2);
  });

  it('drops what the collector refuses, warns once, and tells the count with the next batch', async () => {
    const setup = setUp();
    setup.answer = { status: 400, retryAfter: null };
    setup.record('one');
    setup.record('two');
    await setup.time.advance(600);
    setup.answer = OK;
    setup.record('three');
    await setup.time.advance(5000);
    const last = decodeSpans(setup.posts.at(-1)!.body, 0);
    expect(last.map(({ name }) => name)).toEqual(['three']);
    expect(last[0]!.resource['clickspan.dropped_spans']).toBe(2);
    expect(new Set(setup.warnings).size).toBe(1);
  });

  it('bounds what it keeps while the collector is away', async () => {
    const setup = setUp();
    setup.answer = { status: 0, retryAfter: null };
    for (let i = 0; i < 3000; i++) setup.record(`n${i}`, 1000);
    await setup.time.advance(2000);
    setup.answer = OK;
    setup.posts.length = 0;
    await setup.time.advance(600_000);
    const bytes = setup.posts.reduce((sum, { body }) => sum + body.length, 0);
    expect(bytes).toBeLessThan(600_000);
    const [first] = setup.received();
    expect(Number(first!.resource['clickspan.dropped_spans'])).toBeGreaterThan(2000);
    expect(setup.received().at(-1)!.name).toBe('n2999');
  });

  it('sends on exit what fits, even while the collector hangs or is being left alone', async () => {
    const setup = setUp();
    setup.answer = 'never';
    setup.record('one', 20_000);
    await setup.time.advance(600);
    for (let i = 0; i < 40; i++) setup.record(`n${i}`, 2000);
    setup.exporter.flushOnExit(true);
    const total = setup.posts.reduce((sum, { body }) => sum + body.length, 0);
    expect(setup.posts.length).toBeGreaterThan(1);
    expect(setup.posts.every(({ keepalive }) => keepalive)).toBe(true);
    expect(total).toBeLessThan(64 * 1024);
    expect(setup.received()[1]!.name).toBe('n0');
  });

  it('tries again what was not taken when the page was hidden, without waiting for more', async () => {
    const setup = setUp();
    // The answer comes when the timer of the recorded span has long found nothing to send.
    let refuse = (): void => {};
    setup.answer = new Promise((done) => {
      refuse = () => done({ status: 503, retryAfter: null });
    });
    setup.record('one');
    setup.exporter.flushOnExit(false);
    expect(setup.posts[0]!.leaving).toBe(false);
    await setup.time.advance(2000);
    setup.answer = OK;
    refuse();
    await setup.time.advance(5000);
    expect(setup.received().map(({ name }) => name)).toEqual(['one', 'one']);
    setup.record('two');
    setup.exporter.flushOnExit(true);
    expect(setup.posts.at(-1)!.leaving).toBe(true);
  });

  it('sends nothing on exit when there is nothing', () => {
    const setup = setUp();
    setup.exporter.flushOnExit(true);
    expect(setup.posts).toEqual([]);
  });

  it('flushes on demand', async () => {
    const setup = setUp();
    await setup.exporter.flush();
    setup.record('one');
    await setup.exporter.flush();
    expect(setup.received()).toHaveLength(1);
  });

  it('keeps nothing without an endpoint', async () => {
    const setup = setUp('');
    setup.record('one');
    await setup.exporter.flush();
    setup.exporter.flushOnExit(true);
    await setup.time.advance(10_000);
    expect(setup.posts).toEqual([]);
  });
});
