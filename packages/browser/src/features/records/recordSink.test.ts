import type { Attributes } from '@opentelemetry/api';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { StartOptions } from '../../boot/optionSchema.ts';
import { createRecordSink, type BeforeSend, type OutgoingRecord, type RecordSinkDeps } from './recordSink.ts';

const scope = { name: 'test', version: '1' };

function setUp(deps: Partial<RecordSinkDeps> = {}) {
  const sent: string[] = [];
  const warnings: string[] = [];
  let drops = 0;
  const sink = createRecordSink({
    guard: (run) => run(),
    warn: (message) => warnings.push(message),
    scope,
    attributes: {},
    beforeSend: undefined,
    sessionAt: (unixMs) => `session at ${unixMs}`,
    isClosed: () => false,
    send: ({ signal, json }) => sent.push(`${signal} ${json}`),
    drop: () => drops++,
    ...deps,
  });
  return { sink, sent, warnings, drops: () => drops };
}

const span = (attributes: Attributes = {}): EndedSpan => ({
  context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
  parentSpanId: '',
  parentIsRemote: false,
  name: 'own',
  kind: 0,
  startUnixMs: 5,
  endUnixMs: 6,
  attributes,
  events: [{ name: 'exception', unixMs: 5, attributes: { 'exception.message': 'no anna@a.example' } }],
  links: [],
  status: { code: 2, message: 'no anna@a.example' },
  scope,
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
});

describe('recordSink', () => {
  it('masks what others have written of errors, in spans and log records', () => {
    const { sink, sent } = setUp();
    sink.span(span({ 'exception.stacktrace': 'at anna@a.example', 'error.type': 'anna@a.example' }));
    sink.log({
      unixMs: 7,
      attributes: { 'exception.message': 'no anna@a.example', 'exception.type': 'anna@a.example' },
    });
    expect(sent).toHaveLength(2);
    expect(sent.join()).not.toContain('anna');
  });

  it('puts the session and the common attributes on every record', () => {
    const { sink, sent } = setUp({ attributes: { 'app.release': 'r1' } });
    sink.span(span());
    sink.log({ unixMs: 7, attributes: { 'session.id': 'own' } });
    for (const json of sent) expect(json).toContain('r1');
    expect(sent[0]).toContain('session at 5');
    expect(sent[1]).toContain('own');
    expect(sent[1]).not.toContain('session at');
  });

  it('takes nothing when it is closed', () => {
    const { sink, sent } = setUp({ isClosed: () => true });
    sink.span(span());
    sink.log({ unixMs: 7, attributes: {} });
    expect(sent).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['true', true],
  ])('sends what the hook returns %s for', (_what, answer) => {
    const { sink, sent } = setUp({ beforeSend: (() => answer) as BeforeSend });
    sink.span(span());
    expect(sent).toHaveLength(1);
  });

  it.each<[string, unknown, number]>([
    ['false', false, 0],
    ['null', null, 0],
    ['a promise', Promise.resolve(true), 1],
  ])('sends nothing that the hook returns %s for', (_what, answer, lost) => {
    const { sink, sent, drops, warnings } = setUp({ beforeSend: (() => answer) as BeforeSend });
    sink.span(span());
    sink.log({ unixMs: 7, attributes: {} });
    expect(sent).toEqual([]);
    expect(drops()).toBe(lost * 2);
    expect(warnings).toHaveLength(lost * 2);
  });
});

describe('the type of beforeSend', () => {
  it('lets a hook change what may be changed, and return nothing or a yes or no', () => {
    expectTypeOf<StartOptions['beforeSend']>().toEqualTypeOf<BeforeSend | undefined>();
    const hook: BeforeSend = (record) => {
      record.attributes['a'] = 1;
      delete record.attributes['b'];
      if (record.type === 'span') record.name = 'other';
      else record.body = record.eventName?.toUpperCase();
      // @ts-expect-error -- the time is what it is
      record.unixMs = 1;
    };
    expectTypeOf(hook).parameter(0).toEqualTypeOf<OutgoingRecord>();
    expectTypeOf<() => void>().toExtend<BeforeSend>();
    expectTypeOf<() => boolean>().toExtend<BeforeSend>();
    expectTypeOf<() => undefined>().toExtend<BeforeSend>();
  });

  it('refuses hooks that decide later', () => {
    expectTypeOf<() => Promise<boolean>>().not.toExtend<BeforeSend>();
    expectTypeOf<() => string>().not.toExtend<BeforeSend>();
  });
});
