import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import type { HttpAnswer } from '../../platform/httpMessage.ts';
import { createExporter } from './exporter.ts';
import type { Exporter } from './exporter.ts';
import { TRACES } from './traces.ts';
import type { Post } from './transport.ts';

type Outcome =
  | number
  | 'lost'
  | 'never'
  | { readonly status: number; readonly retryAfter?: string; readonly body?: string };

interface Fake {
  readonly exporter: Exporter<EndedSpan>;
  /** Sums that have not been asked for. */
  readonly summedUp: EndedSpan[];
  /** The names of the spans of each request. */
  readonly sent: string[][];
  readonly bodies: string[];
  readonly aborted: number[];
  readonly reports: string[];
  /** Of each request, whether its answer is left to later. */
  readonly left: boolean[];
  /** What becomes of the requests from now on. */
  outcome: Outcome;
  /** Whether a connection is open. */
  connected: boolean;
  /** What the system has taken of the requests from now on. */
  written: Promise<void>;
  /** Reads what has come. */
  readNow: () => void;
  nowMs: number;
  answerLate(request: number, status: number): Promise<void>;
}

function start(maxQueueBytes = 1_000_000): Fake {
  const summedUp: EndedSpan[] = [];
  const sent: string[][] = [];
  const bodies: string[] = [];
  const aborted: number[] = [];
  const reports: string[] = [];
  const late: ((answer: HttpAnswer) => void)[] = [];
  const toAnswer = (status: number, retryAfter?: string, body = ''): HttpAnswer => ({
    status,
    header: (name) => (name === 'retry-after' ? retryAfter : undefined),
    body,
    keepAlive: true,
  });
  const left: boolean[] = [];
  const post = (body: string, leaves = false): Post => {
    left.push(leaves);
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
    };
    const index = bodies.push(body) - 1;
    sent.push(resourceSpans[0]!.scopeSpans[0]!.spans.map(({ name }) => name));
    const { outcome } = fake;
    const answer =
      outcome === 'lost'
        ? Promise.reject(new Error('lost'))
        : outcome === 'never'
          ? new Promise<HttpAnswer>((resolve) => {
              late[index] = resolve;
            })
          : Promise.resolve(
              typeof outcome === 'number'
                ? toAnswer(outcome)
                : toAnswer(outcome.status, outcome.retryAfter, outcome.body),
            );
    return { answer, written: fake.written, abort: () => aborted.push(index) };
  };
  const fake: Fake = {
    sent,
    bodies,
    aborted,
    reports,
    summedUp,
    left,
    outcome: 200,
    connected: true,
    written: Promise.resolve(),
    readNow: () => {},
    nowMs: 0,
    exporter: createExporter({
      signal: { ...TRACES, collect: () => summedUp.splice(0) },
      transport: { post, connected: () => fake.connected, readNow: () => fake.readNow() },
      resource: { 'service.name': 'f' },
      maxQueueBytes,
      timeoutMs: 1000,
      nowMs: () => fake.nowMs,
      report: (message) => reports.push(message),
    }),
    answerLate: async (request, status) => {
      late[request]!(toAnswer(status));
      await Promise.resolve();
    },
  };
  return fake;
}

function span(name: string): EndedSpan {
  return {
    context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 },
    parentSpanId: '',
    parentIsRemote: false,
    name,
    kind: 0,
    startUnixMs: 1,
    endUnixMs: 2,
    attributes: {},
    events: [],
    links: [],
    status: { code: 0 },
    scope: { name: 'test', version: '' },
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
  };
}

/** One invocation with a span of that name; no tail is waited for where `remainingMs` leaves none. */
async function invoke(fake: Fake, name: string, remainingMs = 3000): Promise<void> {
  fake.exporter.add(span(name));
  await fake.exporter.flush({ remainingMs, holds: true, overlaps: false });
}

describe('exporter', () => {
  it('sends what waits, once', async () => {
    const fake = start();
    await invoke(fake, 'a');
    await invoke(fake, 'b');
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    expect(fake.sent).toEqual([['a'], ['b']]);
  });

  it.each<Outcome>(['lost', 503, 429])(
    'keeps spans that a collector could not take (%s), for the next time',
    async (outcome) => {
      const fake = start();
      fake.outcome = outcome;
      await invoke(fake, 'a');
      fake.outcome = 200;
      await invoke(fake, 'b');
      expect(fake.sent).toEqual([['a'], ['a', 'b']]);
      await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
      expect(fake.sent).toHaveLength(2);
    },
  );

  it('drops and counts what a collector refuses for good', async () => {
    const fake = start();
    fake.outcome = 400;
    await invoke(fake, 'a');
    fake.outcome = 200;
    await invoke(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
    expect(fake.bodies[1]).toContain('{"key":"clickspan.dropped_spans","value":{"intValue":"1"}}');
    expect(fake.reports).toHaveLength(1);
  });

  it('counts what a collector refuses of what it takes, and does not send it again', async () => {
    const fake = start();
    fake.outcome = { status: 200, body: '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}' };
    await invoke(fake, 'a');
    fake.outcome = 200;
    await invoke(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
    expect(fake.bodies[1]).toContain('{"key":"clickspan.dropped_spans","value":{"intValue":"1"}}');
  });

  it('has room again for as much as it has sent', async () => {
    const fake = start(5000);
    for (let i = 0; i < 200; i++) await invoke(fake, `span-${i}`);
    expect(fake.sent.flat()).toHaveLength(200);
    expect(fake.bodies.at(-1)).not.toContain('dropped_spans');
  });

  it('stops asking a collector that fails, and asks again later', async () => {
    const fake = start();
    fake.outcome = 503;
    for (const name of ['a', 'b', 'c', 'd']) await invoke(fake, name);
    expect(fake.sent).toHaveLength(2);
    fake.nowMs = 1500;
    fake.outcome = 200;
    await invoke(fake, 'e');
    expect(fake.sent[2]).toEqual(['a', 'b', 'c', 'd', 'e']);
    await invoke(fake, 'f');
    expect(fake.sent[3]).toEqual(['f']);
  });

  it.each([404, 501])(
    'gives up for a while what the collector does not take (%s), and says so once',
    async (status) => {
      const fake = start();
      fake.outcome = status;
      for (const name of ['a', 'b', 'c']) await invoke(fake, name);
      expect(fake.sent).toEqual([['a']]);
      expect(fake.reports).toEqual([expect.stringMatching(`takes no spans.*${status}`)]);
      fake.nowMs = 59_000;
      await invoke(fake, 'd');
      expect(fake.sent).toHaveLength(1);
      fake.nowMs = 60_000;
      fake.outcome = 200;
      await invoke(fake, 'e');
      expect(fake.sent[1]).toEqual(['b', 'c', 'd', 'e']);
      expect(fake.reports).toHaveLength(1);
    },
  );

  it('comes again no sooner than the collector asked for', async () => {
    const fake = start();
    fake.outcome = { status: 429, retryAfter: '30' };
    await invoke(fake, 'a');
    fake.nowMs = 29_000;
    await invoke(fake, 'b');
    expect(fake.sent).toHaveLength(1);
    fake.nowMs = 30_000;
    await invoke(fake, 'c');
    expect(fake.sent).toHaveLength(2);
  });

  it('does not send again what may still be answered, however long the environment was frozen', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invoke(fake, 'a', 60);
    fake.nowMs = 3_600_000;
    fake.outcome = 200;
    await fake.answerLate(0, 200);
    await invoke(fake, 'b');
    await invoke(fake, 'c');
    await invoke(fake, 'd');
    expect(fake.sent).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('sends again what was not answered by the timeout, after two more invocations', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invoke(fake, 'a', 60);
    fake.outcome = 200;
    fake.nowMs = 5000;
    await invoke(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
    await invoke(fake, 'c');
    expect(fake.aborted).toEqual([0]);
    expect(fake.sent.slice(2).flat()).toEqual(['a', 'c']);
    await fake.answerLate(0, 503);
    await invoke(fake, 'd');
    expect(fake.sent.at(-1)).toEqual(['d']);
  });

  it('takes one request that is not answered at once for no failing collector, however many flushes follow', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invoke(fake, 'a', 60);
    fake.outcome = 200;
    for (let i = 0; i < 3; i++) await fake.exporter.flush({ remainingMs: 60, holds: true, overlaps: false });
    await invoke(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
  });

  it('keeps no more than it may, and the newest', async () => {
    const fake = start(5000);
    fake.outcome = 503;
    for (let i = 0; i < 40; i++) await invoke(fake, `span-${i}`);
    fake.nowMs = 100_000;
    fake.outcome = 200;
    await invoke(fake, 'last');
    const kept = fake.sent.at(-1)!;
    expect(kept.at(-1)).toBe('last');
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(40);
    const dropped = Number(
      /clickspan\.dropped_spans","value":\{"intValue":"(\d+)"/.exec(fake.bodies.at(-1)!)?.[1],
    );
    expect(dropped + kept.length).toBe(41);
  });

  it('drops and counts a span that cannot be written, and sends the others', async () => {
    const fake = start();
    const circular: unknown[] = [];
    circular.push(circular);
    fake.exporter.add({ ...span('bad'), attributes: { a: circular as string[] } });
    await invoke(fake, 'good');
    await invoke(fake, 'next');
    expect(fake.sent).toEqual([['good'], ['next']]);
    expect(fake.bodies[0]).toContain('{"key":"clickspan.dropped_spans","value":{"intValue":"1"}}');
    const many = Array.from({ length: 600 }, () => ({ ...span('bad'), links: [{}] as never }));
    for (const bad of many) fake.exporter.add(bad);
    expect(fake.bodies).toHaveLength(2);
  });

  it('sends no request without spans', async () => {
    const fake = start();
    fake.exporter.add({ ...span('bad'), links: [{}] as never });
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    expect(fake.sent).toEqual([]);
  });

  it('sends what one request cannot hold in several, while the tail lasts', async () => {
    const fake = start(8_000_000);
    const large = (name: string): EndedSpan => ({ ...span(name), attributes: { a: 'x'.repeat(400_000) } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) fake.exporter.add(large(name));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    expect(fake.sent).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    fake.outcome = 'lost';
    for (const name of ['f', 'g', 'h']) fake.exporter.add(large(name));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    expect(fake.sent.slice(3)).toEqual([['f', 'g']]);
  });

  it('tells once why a collector gets nothing, and what to look at', async () => {
    const fake = start();
    fake.outcome = 'lost';
    for (const name of ['a', 'b', 'c']) await invoke(fake, name);
    fake.nowMs = 5000;
    await invoke(fake, 'd');
    expect(fake.reports).toHaveLength(1);
    expect(fake.reports[0]).toMatch(/lost.*OTEL_EXPORTER_OTLP_ENDPOINT/);
  });

  it('goes on when the wall clock is set back', async () => {
    const fake = start();
    fake.nowMs = 100_000_000;
    fake.outcome = 'never';
    await invoke(fake, 'a', 60);
    fake.nowMs = 0;
    fake.outcome = 503;
    await invoke(fake, 'b');
    fake.nowMs = 5000;
    fake.outcome = 200;
    await invoke(fake, 'c');
    await invoke(fake, 'd');
    expect(fake.sent.slice(2).flat().sort()).toEqual(['a', 'b', 'c', 'd']);
    fake.outcome = { status: 503, retryAfter: '200' };
    fake.nowMs = 100_000_000;
    await invoke(fake, 'e');
    fake.nowMs = 0;
    fake.outcome = 200;
    await invoke(fake, 'f');
    expect(fake.sent.at(-1)).toEqual(['e', 'f']);
  });

  it('waits for the answer also where the function has put the timers of a page in place of Node’s', async () => {
    const { setTimeout } = globalThis;
    const fake = start();
    fake.outcome = 'never';
    globalThis.setTimeout = (() => 1) as unknown as typeof setTimeout;
    try {
      await invoke(fake, 'a', 80);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    expect(fake.sent).toEqual([['a']]);
  });

  it('tells of a request that cannot be made, and ends nothing by it', async () => {
    const reports: string[] = [];
    const exporter = createExporter({
      signal: TRACES,
      transport: {
        post: () => {
          throw new Error('no more memory');
        },
        connected: () => true,
        readNow: () => {},
      },
      resource: {},
      maxQueueBytes: 1_000_000,
      timeoutMs: 1000,
      nowMs: () => 0,
      report: (message) => reports.push(message),
    });
    for (const holds of [true, false]) {
      exporter.add(span('a'));
      await exporter.flush({ remainingMs: 3000, holds, overlaps: false });
    }
    // A rejection that nobody handles would be told by the test's own process.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reports).toHaveLength(2);
  });

  it('asks for sums once nothing else waits, so that what was not taken goes out again as it was', async () => {
    const fake = start();
    fake.outcome = 503;
    fake.summedUp.push(span('a'));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    fake.summedUp.push(span('b'));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    fake.outcome = 200;
    fake.nowMs = 5000;
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: false });
    expect(fake.sent).toEqual([['a'], ['a'], ['a'], ['b']]);
    fake.summedUp.push(span('c'));
    expect(fake.exporter.unsent()).toHaveLength(1);
  });

  it('resolves when the tail is used up, although no answer has come', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invoke(fake, 'a', 80);
    expect(fake.sent).toEqual([['a']]);
  });
});

/** One invocation of a busy environment, with a span of that name. */
async function invokeBusy(fake: Fake, name: string, nowMs = fake.nowMs): Promise<void> {
  fake.nowMs = nowMs;
  fake.exporter.add(span(name));
  await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: true });
}

describe('exporter of a busy environment', () => {
  it('writes at once and leaves the answer to the next invocation', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a');
    await fake.answerLate(0, 200);
    await invokeBusy(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
    expect(fake.left).toEqual([true, true]);
    expect(fake.exporter.unsent().map(({ json }) => json)).toEqual([expect.stringContaining('"name":"b"')]);
  });

  it('waits until the system has taken all of it, and no longer', async () => {
    const fake = start();
    fake.outcome = 'never';
    let onWritten = (): void => {};
    fake.written = new Promise((resolve) => {
      onWritten = resolve;
    });
    const invoked = invokeBusy(fake, 'a').then(() => 'over');
    const late = (): Promise<string> =>
      new Promise((resolve) => void setTimeout(() => resolve('not yet'), 50));
    expect(await Promise.race([invoked, late()])).toBe('not yet');
    onWritten();
    expect(await Promise.race([invoked, late()])).toBe('over');
  });

  it('reads the answer that has come meanwhile before it holds anything back', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a');
    fake.readNow = () => void fake.answerLate(0, 200);
    await invokeBusy(fake, 'b');
    expect(fake.sent).toEqual([['a'], ['b']]);
  });

  it('waits for the answer where a connection must be opened first', async () => {
    const fake = start();
    fake.connected = false;
    fake.outcome = 'never';
    let over = false;
    const invoked = invokeBusy(fake, 'a').then(() => {
      over = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(over).toBe(false);
    await fake.answerLate(0, 200);
    await invoked;
    expect(fake.left).toEqual([false]);
  });

  it('holds back what comes before the answer, and sends it in one request after it', async () => {
    const fake = start();
    fake.outcome = 'never';
    for (const name of ['a', 'b', 'c']) await invokeBusy(fake, name);
    expect(fake.sent).toEqual([['a']]);
    await fake.answerLate(0, 200);
    await invokeBusy(fake, 'd');
    expect(fake.sent).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('holds back nothing that comes later than a tail after the request without an answer', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a', 0);
    await invokeBusy(fake, 'b', 199);
    fake.outcome = 200;
    await invokeBusy(fake, 'c', 200);
    expect(fake.sent).toEqual([['a'], ['b', 'c']]);
    expect(fake.left).toEqual([true, false]);
  });

  it('sums up no more while it holds back', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a');
    fake.summedUp.push(span('sum'));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: true });
    expect(fake.summedUp).toHaveLength(1);
  });

  it('waits, when it is not busy any more, for the answer that it has left, and sends the rest', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a');
    await invokeBusy(fake, 'b');
    fake.outcome = 200;
    const last = invoke(fake, 'c');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fake.sent).toEqual([['a']]);
    await fake.answerLate(0, 200);
    await last;
    expect(fake.sent).toEqual([['a'], ['b', 'c']]);
  });

  it('sends again, once, what was lost with its connection, and waits for that', async () => {
    const fake = start();
    fake.outcome = 'lost';
    await invokeBusy(fake, 'a');
    fake.outcome = 200;
    for (const name of ['b', 'c']) await invokeBusy(fake, name);
    expect(fake.sent).toEqual([['a'], ['a', 'b'], ['c']]);
    expect(fake.left).toEqual([true, false, true]);
  });

  it('takes no answer as missing that may have come while the environment was frozen', async () => {
    const fake = start();
    fake.outcome = 'never';
    await invokeBusy(fake, 'a', 0);
    fake.outcome = 200;
    await invokeBusy(fake, 'b', 3_600_000);
    await fake.answerLate(0, 200);
    await invokeBusy(fake, 'c');
    expect(fake.sent).toEqual([['a'], ['b'], ['c']]);
    expect(fake.left).toEqual([true, false, true]);
  });

  it('stops asking a collector that does not answer, after one tail', async () => {
    const fake = start();
    fake.outcome = 'never';
    let nowMs = 0;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await invokeBusy(fake, name, (nowMs += 110));
    expect(fake.left).toEqual([true, false]);
    expect(fake.reports).toHaveLength(1);
  });

  it('sends what one request cannot hold in several, and leaves the last answer', async () => {
    const fake = start(8_000_000);
    const large = (name: string): EndedSpan => ({ ...span(name), attributes: { a: 'x'.repeat(400_000) } });
    for (const name of ['a', 'b', 'c']) fake.exporter.add(large(name));
    await fake.exporter.flush({ remainingMs: 3000, holds: true, overlaps: true });
    expect(fake.sent).toEqual([['a', 'b'], ['c']]);
    expect(fake.left).toEqual([false, true]);
  });
});
