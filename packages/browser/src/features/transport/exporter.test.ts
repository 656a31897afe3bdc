import { gunzipSync, gzipSync } from 'node:zlib';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { encodeLog, encodeSpan } from '@clickspan/shared/otlp';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import { describe, expect, it, vi } from 'vitest';
import { decodeSpans, type ReceivedSpan } from '../../../../../test/support/collector.ts';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createMapStore, type MapStore } from '../../../../../test/support/mapStore.ts';
import type { PostAnswer, PostRequest } from '../../platform/post.ts';
import { createExporter, type Exporter, type ExporterDeps } from './exporter.ts';

interface Setup {
  readonly time: FakeTime;
  readonly exporter: Exporter;
  readonly posts: PostRequest[];
  readonly warnings: string[];
  readonly local: MapStore;
  /** What the browser was left with and has not given back. */
  readonly left: { readonly url: string; readonly body: PostRequest['body'] }[];
  /** What the collector answers from now on. */
  answer:
    PostAnswer | Promise<PostAnswer> | 'never' | ((request: PostRequest) => PostAnswer | Promise<PostAnswer>);
  isOffline: boolean;
  /** Has the browser send what it was left with. */
  readonly sendLeft: () => void;
  readonly record: (name: string, bytes?: number) => void;
  readonly log: (body: string) => void;
  readonly received: () => ReceivedSpan[];
  readonly names: () => string[];
}

interface Given extends Partial<ExporterDeps['options']> {
  readonly local?: MapStore;
  readonly canLeave?: boolean;
  readonly canZip?: boolean;
}

const OK: PostAnswer = { status: 200, retryAfter: null };
const answerOf = (status: number): PostAnswer => ({ status, retryAfter: null });
const textOf = (body: PostRequest['body']): string =>
  typeof body === 'string' ? body : gunzipSync(Buffer.from(body)).toString();
const lengthOf = (body: PostRequest['body']): number =>
  typeof body === 'string' ? body.length : body.byteLength;

function setUp({
  local = createMapStore(),
  canLeave = false,
  canZip = false,
  ...options
}: Given = {}): Setup {
  const time = createFakeTime();
  const posts: PostRequest[] = [];
  const warnings: string[] = [];
  const left: Setup['left'] = [];
  const sentLeft = new Set<unknown>();
  const exporter = createExporter({
    options: {
      endpoint: 'http://collector.example',
      headers: { 'x-key': 'k' },
      plainText: false,
      offline: true,
      ...options,
    },
    resource: { 'service.name': 'shop' },
    async post(request) {
      posts.push(request);
      const { answer } = setup;
      return answer === 'never'
        ? new Promise(() => {})
        : typeof answer === 'function'
          ? answer(request)
          : answer;
    },
    postLater: canLeave
      ? (request) => {
          left.push(request);
          return () => {
            const isSent = sentLeft.has(request);
            if (!isSent) left.splice(left.indexOf(request), 1);
            return isSent;
          };
        }
      : undefined,
    gzip: canZip ? async (text) => new Uint8Array(gzipSync(text)).buffer : undefined,
    local,
    inOneTab: async (run) => run(),
    isOffline: () => setup.isOffline,
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
    describe: toExceptionAttributes,
    onEnd: (span) => exporter.add({ signal: 'traces', ...encodeSpan(span) }),
  }).getTracer('test');
  const received = (): ReceivedSpan[] =>
    posts.filter(({ url }) => url.endsWith('/v1/traces')).flatMap(({ body }) => decodeSpans(textOf(body), 0));
  const setup: Setup = {
    time,
    exporter,
    posts,
    warnings,
    local,
    left,
    answer: OK,
    isOffline: false,
    sendLeft: () => left.forEach((request) => sentLeft.add(request)),
    record(name, bytes = 0) {
      tracer.startSpan(name, { attributes: { filling: 'x'.repeat(bytes) } }).end();
    },
    log(body) {
      const scope = { name: 'test', version: '' };
      exporter.add({ signal: 'logs', ...encodeLog({ unixMs: time.now(), body, attributes: {}, scope }) });
    },
    received,
    names: () => received().map(({ name }) => name),
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
    for (const { body } of posts) expect(lengthOf(body)).toBeLessThan(40_000);
  });

  it('drops nothing where a page is so busy that each answer is late', async () => {
    const setup = setUp({ canZip: true });
    setup.answer = () => new Promise((done) => setup.time.after(1000, () => done(OK)));
    for (let i = 0; i < 1000; i++) {
      setup.record(`n${i}`, 800);
      await setup.time.advance(12);
      // Compressing takes real time.
      if (i % 50 === 0) await new Promise((done) => setTimeout(done, 5));
    }
    await vi.waitFor(async () => {
      await setup.time.advance(1000);
      expect(new Set(setup.names()).size).toBe(1000);
    });
    for (const { body, keepalive } of setup.posts) {
      expect(keepalive).toBe(true);
      expect(lengthOf(body)).toBeLessThan(40_000);
    }
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
    expect(setup.posts.length).toBeGreaterThan(4);
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
    const last = decodeSpans(setup.posts.at(-1)!.body as string, 0);
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
    const bytes = setup.posts.reduce((sum, { body }) => sum + lengthOf(body), 0);
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
    const total = setup.posts.reduce((sum, { body }) => sum + lengthOf(body), 0);
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

  it('goes on in a restored page, though nothing is told of what was on its way when it was left', async () => {
    const setup = setUp();
    setup.answer = 'never';
    setup.record('one');
    await setup.time.advance(1000);
    setup.exporter.flushOnExit(true);
    setup.answer = OK;
    setup.exporter.onRestored();
    setup.record('two');
    await setup.time.advance(1000);
    expect(setup.names()).toEqual(['one', 'two']);
  });

  it('sends again, in a restored page, what is refused only then', async () => {
    const setup = setUp();
    let refuse = (): void => {};
    setup.answer = new Promise((done) => {
      refuse = () => done({ status: 503, retryAfter: null });
    });
    setup.record('one');
    await setup.time.advance(1000);
    setup.exporter.flushOnExit(true);
    setup.exporter.onRestored();
    setup.answer = OK;
    refuse();
    await setup.time.advance(15_000);
    expect(setup.names()).toEqual(['one', 'one']);
  });

  it('does not send again what was on its way when the page was left, though it seems to fail', async () => {
    const setup = setUp();
    let fail = (): void => {};
    setup.answer = new Promise((done) => {
      fail = () => done(answerOf(0));
    });
    setup.record('one');
    await setup.time.advance(600);
    fail();
    // Before the page is told that it is left.
    await Promise.resolve();
    setup.exporter.flushOnExit(true);
    await setup.time.advance(0);
    setup.exporter.flushOnExit(false);
    await setup.time.advance(0);
    expect(setup.posts).toHaveLength(1);
    expect(setup.local.keys()).toEqual([]);
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

  it('flushes on demand what has come while a batch was on its way, too', async () => {
    const setup = setUp();
    let answer!: (value: PostAnswer) => void;
    setup.answer = new Promise((done) => {
      answer = done;
    });
    setup.record('one');
    await setup.time.advance(1000);
    setup.record('two');
    const flushed = setup.exporter.flush();
    setup.answer = OK;
    answer(OK);
    await flushed;
    expect(setup.names()).toEqual(['one', 'two']);
  });

  it('keeps nothing without an endpoint', async () => {
    const setup = setUp({ endpoint: '' });
    setup.record('one');
    await setup.exporter.flush();
    setup.exporter.flushOnExit(true);
    await setup.time.advance(10_000);
    expect(setup.posts).toEqual([]);
  });

  it('lets a span not wait for logs that the collector has put off', async () => {
    const setup = setUp();
    setup.answer = { status: 503, retryAfter: '200' };
    setup.log('one');
    await setup.time.advance(600);
    setup.answer = OK;
    setup.record('two');
    await setup.time.advance(600);
    expect(setup.posts.map(({ url }) => url.slice(-6))).toEqual(['1/logs', 'traces']);
  });

  it.each([404, 405, 415, 501])(
    'sends no more logs where they are refused with %i; traces go on',
    async (status) => {
      const setup = setUp();
      setup.answer = ({ url }) => (url.endsWith('logs') ? answerOf(status) : OK);
      setup.log('one');
      setup.record('one');
      await setup.time.advance(500);
      expect(setup.posts).toHaveLength(2);
      setup.log('two');
      setup.record('two');
      await setup.time.advance(500);
      await setup.time.advance(600_000);
      expect(setup.posts).toHaveLength(3);
      expect(setup.names()).toEqual(['one', 'two']);
      expect(setup.received()[1]!.resource['clickspan.dropped_logs']).toBe(2);
      expect(new Set(setup.warnings).size).toBe(1);
    },
  );

  it('takes logs for refused that are never answered while traces are', async () => {
    const setup = setUp();
    setup.answer = ({ url }) => (url.endsWith('logs') ? answerOf(0) : OK);
    for (let i = 0; i < 20; i++) {
      setup.log('n');
      setup.record('n');
      await setup.time.advance(1000);
    }
    expect(setup.posts.filter(({ url }) => url.endsWith('logs'))).toHaveLength(3);
    expect(setup.posts.filter(({ url }) => url.endsWith('traces'))).toHaveLength(20);
    expect(setup.received().at(-1)!.resource['clickspan.dropped_logs']).toBe(20);
  });

  describe('gzip', () => {
    it('compresses what is worth it', async () => {
      const setup = setUp({ canZip: true });
      setup.record('small');
      await setup.exporter.flush();
      setup.record('big', 3000);
      await setup.exporter.flush();
      expect(setup.posts.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip']);
      expect(lengthOf(setup.posts[1]!.body)).toBeLessThan(600);
      expect(setup.names()).toEqual(['small', 'big']);
    });

    it.each([0, 400, 415])(
      'is given up for the page when it is answered by %i; plain goes at once',
      async (status) => {
        const setup = setUp({ canZip: true });
        setup.answer = ({ body }) => (typeof body === 'string' ? OK : answerOf(status));
        setup.record('one', 3000);
        await setup.time.advance(500);
        // Compressing takes real time.
        await vi.waitFor(() => expect(setup.posts).toHaveLength(2));
        await setup.exporter.flush();
        setup.record('two', 3000);
        await setup.time.advance(500);
        await vi.waitFor(() => expect(setup.posts).toHaveLength(3));
        expect(setup.posts.map(({ body }) => typeof body)).toEqual(['object', 'string', 'string']);
        expect(setup.names()).toEqual(['one', 'one', 'two']);
        expect(setup.warnings).toEqual([]);
      },
    );

    it('is kept once it was taken', async () => {
      const setup = setUp({ canZip: true });
      setup.record('one', 3000);
      await setup.exporter.flush();
      setup.answer = answerOf(0);
      setup.record('two', 3000);
      void setup.exporter.flush();
      await setup.time.advance(1);
      setup.answer = OK;
      await setup.exporter.flush();
      expect(setup.posts.map(({ body }) => typeof body)).toEqual(['object', 'object', 'object']);
      expect(setup.local.keys()).toEqual([]);
    });

    it('never holds back what leaves with the page, and sends it once', async () => {
      const setup = setUp({ canZip: true });
      setup.record('one', 3000);
      const flushed = setup.exporter.flush();
      setup.exporter.flushOnExit(true);
      await flushed;
      expect(setup.posts.map(({ body }) => typeof body)).toEqual(['string']);
    });
  });

  describe('as plain text', () => {
    it('sends what needs no preflight', async () => {
      const setup = setUp({ plainText: true, canZip: true });
      setup.record('one', 3000);
      await setup.exporter.flush();
      expect(setup.posts[0]!.headers).toEqual({ 'content-type': 'text/plain;charset=UTF-8' });
      expect(setup.names()).toEqual(['one']);
    });
  });

  describe('what is left with the browser', () => {
    const leftNames = ({ left }: Setup): string[] =>
      left
        .filter(({ url }) => url.endsWith('traces'))
        .flatMap(({ body }) => decodeSpans(body as string, 0).map(({ name }) => name));

    it('is what waits to be sent, and nothing once that is on its way', async () => {
      const setup = setUp({ canLeave: true });
      setup.answer = 'never';
      setup.record('one');
      setup.log('one');
      await setup.time.advance(150);
      setup.record('two');
      await setup.time.advance(150);
      expect(leftNames(setup)).toEqual(['one', 'two']);
      expect(setup.left).toHaveLength(3);
      await setup.time.advance(500);
      expect(leftNames(setup)).toEqual([]);
      expect(setup.names()).toEqual(['one', 'two']);
    });

    it('is all that a batch does not take along, while that is on its way and when it comes back', async () => {
      const setup = setUp({ canLeave: true });
      let refuse = (): void => {};
      setup.answer = new Promise((done) => {
        refuse = () => done(answerOf(503));
      });
      for (let i = 0; i < 50; i++) setup.record(`n${i}`, 1000);
      setup.log('one');
      await setup.time.advance(50);
      const sent = setup.names();
      expect(sent.length).toBeGreaterThan(20);
      expect([...sent, ...leftNames(setup)]).toHaveLength(50);
      expect(setup.left.some(({ url }) => url.endsWith('logs'))).toBe(true);
      refuse();
      await setup.time.advance(0);
      expect(new Set(leftNames(setup)).size).toBe(50);
    });

    it('is renewed ten times a second at most', async () => {
      const setup = setUp({ canLeave: true });
      setup.isOffline = true;
      let renewals = 0;
      const { push } = setup.left;
      setup.left.push = (...more) => {
        renewals++;
        return push.apply(setup.left, more);
      };
      for (let i = 0; i < 100; i++) {
        setup.record(`n${i}`);
        await setup.time.advance(4);
      }
      expect(renewals).toBeLessThan(10);
    });

    it('is not sent again by a page that comes back', async () => {
      const setup = setUp({ canLeave: true });
      setup.record('one');
      await setup.time.advance(250);
      setup.sendLeft();
      setup.record('two');
      await setup.time.advance(1000);
      expect(setup.names()).toEqual(['two']);
    });

    it('is taken back when the page sends all on its way out', async () => {
      const setup = setUp({ canLeave: true });
      setup.record('one');
      await setup.time.advance(150);
      setup.exporter.flushOnExit(true);
      expect(setup.left).toEqual([]);
      expect(setup.names()).toEqual(['one']);
    });
  });

  describe('what cannot be sent', () => {
    it('is kept on exit and sent by the next page, after its own', async () => {
      const setup = setUp();
      setup.answer = answerOf(503);
      setup.record('one');
      await setup.time.advance(600);
      const before = setup.posts.length;
      setup.exporter.flushOnExit(true);
      expect(setup.posts).toHaveLength(before);
      const next = setUp({ local: setup.local });
      next.record('two');
      await next.time.advance(600);
      expect(next.names()).toEqual(['two', 'one']);
      await next.time.advance(60_000);
      expect(next.posts).toHaveLength(2);
      expect(setup.local.keys()).toEqual([]);
    });

    it('is sent by the same page when it goes on', async () => {
      const setup = setUp();
      setup.isOffline = true;
      setup.record('one');
      setup.exporter.flushOnExit(false);
      expect(setup.posts).toEqual([]);
      setup.answer = answerOf(0);
      await setup.time.advance(600);
      setup.answer = OK;
      await setup.time.advance(2000);
      expect(setup.names()).toEqual(['one', 'one']);
      expect(setup.local.keys()).toEqual([]);
      await setup.time.advance(60_000);
      expect(setup.posts).toHaveLength(2);
    });

    it('is kept where it is more than may outlive the page', async () => {
      const setup = setUp();
      for (let i = 0; i < 100; i++) setup.record(`n${i}`, 1000);
      setup.exporter.flushOnExit(true);
      const next = setUp({ local: setup.local });
      next.record('next');
      await next.time.advance(5000);
      const names = new Set([...setup.names(), ...next.names()]);
      expect(names.size).toBe(101);
      expect(setup.names().length + next.names().length).toBe(101);
    });

    it('is not kept where the page wants none of it', async () => {
      const setup = setUp({ offline: false });
      setup.isOffline = true;
      setup.record('one');
      setup.exporter.flushOnExit(true);
      expect(setup.local.keys()).toEqual([]);
      expect(setup.names()).toEqual(['one']);
    });

    it('is forgotten when the consent is taken back, on its way too', async () => {
      const setup = setUp({ canLeave: true });
      setup.isOffline = true;
      setup.record('one');
      setup.exporter.flushOnExit(false);
      let refuse = (): void => {};
      setup.answer = new Promise((done) => {
        refuse = () => done(answerOf(503));
      });
      setup.record('two');
      await setup.time.advance(600);
      setup.record('three');
      await setup.time.advance(200);
      expect(setup.local.keys()).toHaveLength(1);
      setup.exporter.clear();
      refuse();
      setup.answer = OK;
      setup.posts.length = 0;
      await setup.time.advance(60_000);
      expect(setup.posts).toEqual([]);
      expect(setup.local.keys()).toEqual([]);
      expect(setup.left).toEqual([]);
    });
  });
});
