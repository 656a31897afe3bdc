import { types } from 'node:util';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createSilentSpan } from '@clickspan/shared/tracer';
import type { Context } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { createActiveContext } from '../../platform/activeContext.ts';
import { createLogCapture } from './captureLogs.ts';
import type { CaptureEnvironment, LogCapture } from './captureLogs.ts';
import type { LogLine } from './logLine.ts';

const TRACE = 'a'.repeat(32);
const inSpan = (spanId: string): Context =>
  withSpan(ROOT_CONTEXT, createSilentSpan({ traceId: TRACE, spanId, traceFlags: 1 }));
const FIRST = inSpan('1'.repeat(16));
const SECOND = inSpan('2'.repeat(16));

interface Captured extends LogCapture {
  readonly contexts: ReturnType<typeof createActiveContext>;
  readonly lines: LogLine[];
  readonly dropped: () => number;
}

function create(changed: Partial<CaptureEnvironment> = {}): Captured {
  const contexts = createActiveContext();
  const lines: LogLine[] = [];
  let dropped = 0;
  const capture = createLogCapture({
    level: 'all',
    contexts,
    now: () => 1000,
    guard: (run) => run(),
    types,
    concurrent: false,
    maxPerInvocation: 3,
    takeOne: () => true,
    takeError: () => true,
    add: (line) => lines.push(line),
    countDropped: () => dropped++,
    ...changed,
  });
  return { ...capture, contexts, lines, dropped: () => dropped };
}

describe('a line of a log', () => {
  it('belongs to the span and the invocation in which it is written', async () => {
    const { enter, contexts, logged, lines } = create();
    const [first, second] = [enter(FIRST, 'r1'), enter(SECOND, 'r2')];
    await Promise.all([
      contexts.run(first, async () => {
        await Promise.resolve();
        logged('log', 'one', ['one']);
      }),
      contexts.run(second, async () => logged('error', 'two', ['two'])),
    ]);
    expect(
      lines.map(({ text, requestId, spanContext, severity }) => [
        text,
        requestId,
        spanContext?.spanId,
        severity,
      ]),
    ).toEqual([
      ['two', 'r2', '2'.repeat(16), 17],
      ['one', 'r1', '1'.repeat(16), 9],
    ]);
  });

  it('belongs to the invocation under way where its context is lost, and afterwards to none', () => {
    const { enter, leave, logged, lines } = create();
    logged('log', 'while loading', []);
    const entered = enter(FIRST, 'r1');
    logged('log', 'lost', []);
    leave(entered);
    logged('log', 'between', []);
    expect(lines.map(({ requestId, spanContext }) => [requestId, spanContext?.spanId])).toEqual([
      [undefined, undefined],
      ['r1', '1'.repeat(16)],
      [undefined, undefined],
    ]);
  });

  it('is not guessed to belong to one of several', () => {
    const { enter, logged, lines } = create({ concurrent: true });
    enter(FIRST, 'r1');
    logged('log', 'lost', []);
    expect(lines).toMatchObject([{ requestId: undefined, spanContext: undefined }]);
  });
});

describe('what is taken', () => {
  it('is so many lines of an invocation, and errors beyond them', () => {
    const { enter, contexts, logged, lines, dropped } = create();
    contexts.run(enter(FIRST, 'r1'), () => {
      for (let i = 0; i < 5; i++) logged('log', `${i}`, []);
      logged('error', 'error', []);
    });
    contexts.run(enter(SECOND, 'r2'), () => logged('log', 'next', []));
    expect(lines.map(({ text }) => text)).toEqual(['0', '1', '2', 'error', 'next']);
    expect(dropped()).toBe(2);
  });

  it('is what a second has room for', () => {
    const { logged, lines, dropped } = create({ takeOne: () => false });
    logged('log', 'a', []);
    logged('fatal', 'b', []);
    expect(lines.map(({ text }) => text)).toEqual(['b']);
    expect(dropped()).toBe(1);
  });

  it('is errors alone where those are asked for, also in the lines of loggers', () => {
    const { logged, wrote, lines } = create({ level: 'errors' });
    logged('warn', 'w', []);
    logged('error', 'e', []);
    logged('log', 'x\t{"level":"ERROR","message":"m"}', []);
    wrote('stdout', '{"level":"info"}\n{"level":50,"msg":"m"}\n');
    wrote('stderr', 'plain error\n');
    expect(lines.map(({ text }) => text)).toEqual([
      'e',
      'x\t{"level":"ERROR","message":"m"}',
      '{"level":50,"msg":"m"}',
    ]);
  });

  it('is each line of a logger by itself, and any other text as one', () => {
    const { wrote, lines } = create();
    wrote('stdout', '{"a":1}\n{"a":2}\n');
    wrote('stderr', 'Error: x\n    at y\n');
    expect(lines.map(({ text, stream }) => [text, stream])).toEqual([
      ['{"a":1}', 'stdout'],
      ['{"a":2}', 'stdout'],
      ['Error: x\n    at y\n', 'stderr'],
    ]);
  });

  it('is each object of JSON by itself, over however many lines it is spread', () => {
    const { wrote, lines } = create();
    const objects = [{ level: 'info', list: [{ a: 1 }, {}], text: 'x\n{' }, {}, { b: {} }];
    const texts = objects.map((object) => JSON.stringify(object, null, 2));
    wrote('stdout', `${texts.join('\n')}\n`);
    wrote('stdout', `${texts.map((text) => JSON.stringify(JSON.parse(text))).join('\n')}\n`);
    expect(lines.map(({ text }) => JSON.parse(text) as unknown)).toEqual([...objects, ...objects]);
  });

  it('is errors alone also of objects that are spread over lines', () => {
    const { wrote, lines } = create({ level: 'errors' });
    wrote('stdout', '{\n  "level": "info"\n}\n{\n  "level": 50\n}\n');
    expect(lines.map(({ text }) => JSON.parse(text) as unknown)).toEqual([{ level: 50 }]);
  });

  it('is a copy, cut where it is long, of bytes too', () => {
    const { wrote, logged, lines } = create({ maxPerInvocation: 9 });
    const bytes = Buffer.from('ä'.repeat(100_000));
    wrote('stdout', bytes);
    bytes.fill(0);
    logged('log', 'x'.repeat(100_000), []);
    expect(lines[0]!.text).toMatch(/^ä{30000}/);
    expect(lines[1]!.text.length).toBeLessThan(70_000);
  });
});
