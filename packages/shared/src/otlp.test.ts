import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  encodeLog,
  encodeLogs,
  encodeResource,
  encodeSpan,
  encodeTraces,
  toUnixNano,
  type LogRecord,
} from './otlp.ts';
import { KIND_CLIENT, type EndedSpan } from './tracer.ts';
import { parseTracestate } from './tracestate.ts';

const SPAN: EndedSpan = {
  context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 },
  parentSpanId: '',
  parentIsRemote: false,
  name: 'GET',
  kind: KIND_CLIENT,
  startUnixMs: 1_700_000_000_000.25,
  endUnixMs: 1_700_000_000_001,
  attributes: {},
  events: [],
  links: [],
  status: { code: 0 },
  scope: { name: 'clickspan', version: '1' },
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
};

const encoded = (span: Partial<EndedSpan>) =>
  JSON.parse(encodeSpan({ ...SPAN, ...span }).json) as Record<string, unknown>;

describe('encodeSpan', () => {
  it('writes the least that OTLP asks of a root', () => {
    expect(encoded({})).toEqual({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      flags: 3,
      name: 'GET',
      kind: 3,
      startTimeUnixNano: '1700000000000250000',
      endTimeUnixNano: '1700000000001000000',
    });
  });

  it('writes all that a span can have', () => {
    const context = { ...SPAN.context, traceState: parseTracestate('x=1')! };
    expect(
      encoded({
        context,
        parentSpanId: 'c'.repeat(16),
        parentIsRemote: true,
        attributes: { text: 'é"\n', yes: true, whole: 7, part: 0.5, none: Number.NaN, list: ['a', 'b'] },
        events: [{ name: 'exception', unixMs: 1000, attributes: { 'exception.type': 'E' } }],
        links: [{ context, attributes: { a: 1 } }],
        status: { code: 2, message: 'broken' },
        droppedAttributes: 1,
        droppedEvents: 2,
        droppedLinks: 3,
      }),
    ).toMatchObject({
      parentSpanId: 'c'.repeat(16),
      traceState: 'x=1',
      flags: 0x303,
      attributes: [
        { key: 'text', value: { stringValue: 'é"\n' } },
        { key: 'yes', value: { boolValue: true } },
        { key: 'whole', value: { intValue: '7' } },
        { key: 'part', value: { doubleValue: 0.5 } },
        { key: 'none', value: { doubleValue: 'NaN' } },
        { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
      ],
      events: [
        {
          name: 'exception',
          timeUnixNano: '1000000000',
          attributes: [{ key: 'exception.type', value: { stringValue: 'E' } }],
        },
      ],
      links: [
        {
          traceId: 'a'.repeat(32),
          spanId: 'b'.repeat(16),
          traceState: 'x=1',
          attributes: [{ key: 'a', value: { intValue: '1' } }],
        },
      ],
      status: { code: 2, message: 'broken' },
      droppedAttributesCount: 1,
      droppedEventsCount: 2,
      droppedLinksCount: 3,
    });
  });

  it('bears names and descriptions that are no text', () => {
    const wrong = undefined as unknown as string;
    const event = { name: wrong, unixMs: 1, attributes: {} };
    expect(encoded({ name: 7 as unknown as string, events: [event] })).toMatchObject({
      name: '7',
      events: [{ name: 'undefined' }],
    });
  });

  it('makes whole characters of halves, and leaves what only looks like one', () => {
    const name = `${'😀'.slice(0, 1)} 😀 \\ud83d`;
    expect(encoded({ name, attributes: { cut: name } })).toMatchObject({
      name: '\ufffd 😀 \\ud83d',
      attributes: [{ key: 'cut', value: { stringValue: '\ufffd 😀 \\ud83d' } }],
    });
  });

  it('is valid JSON for any strings and numbers', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean())),
        (attributes) => {
          encoded({ attributes });
        },
      ),
    );
  });
});

describe('encodeLog', () => {
  const decoded = (record: Partial<LogRecord>) =>
    JSON.parse(encodeLog({ unixMs: 1.5, attributes: {}, scope: SPAN.scope, ...record }).json) as Record<
      string,
      unknown
    >;

  it('writes the least and the most that a record can have', () => {
    expect(decoded({})).toEqual({ timeUnixNano: '1500000' });
    expect(
      decoded({
        eventName: 'exception',
        severity: 17,
        body: 'a "b"',
        attributes: { x: 1 },
        spanContext: SPAN.context,
      }),
    ).toEqual({
      timeUnixNano: '1500000',
      eventName: 'exception',
      severityNumber: 17,
      body: { stringValue: 'a "b"' },
      attributes: [{ key: 'x', value: { intValue: '1' } }],
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      flags: 3,
    });
  });

  it('goes out in an envelope of its own', () => {
    const record = encodeLog({ unixMs: 1, attributes: {}, scope: SPAN.scope });
    expect(JSON.parse(encodeLogs(encodeResource({ 'service.name': 's' }), [record, record]))).toEqual({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] },
          scopeLogs: [
            {
              scope: { name: 'clickspan', version: '1' },
              logRecords: [{ timeUnixNano: '1000000' }, { timeUnixNano: '1000000' }],
            },
          ],
        },
      ],
    });
  });
});

describe('encodeTraces', () => {
  it('groups spans by scope under one resource', () => {
    const other = encodeSpan({ ...SPAN, scope: { name: 'app', version: '' } });
    const body = encodeTraces(encodeResource({ 'service.name': 'shop' }), [
      encodeSpan(SPAN),
      other,
      encodeSpan(SPAN),
    ]);
    expect(JSON.parse(body)).toMatchObject({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeSpans: [
            { scope: { name: 'clickspan', version: '1' }, spans: [{}, {}] },
            { scope: { name: 'app' }, spans: [{}] },
          ],
        },
      ],
    });
  });
});

describe('toUnixNano', () => {
  it('is exact to the microsecond and keeps order', () => {
    const time = fc.double({ min: 1.5e12, max: 2e12, noNaN: true });
    fc.assert(
      fc.property(time, time, (a, b) => {
        expect(
          Math.abs(Number(BigInt(toUnixNano(a)) - BigInt(Math.floor(a)) * 1_000_000n) - (a % 1) * 1e6),
        ).toBeLessThan(1000);
        if (a < b) expect(BigInt(toUnixNano(a)) <= BigInt(toUnixNano(b))).toBe(true);
      }),
    );
  });
});

describe('where the host has put a method toJSON onto all lists and objects', () => {
  afterEach(() => Reflect.deleteProperty(Array.prototype, 'toJSON'));
  afterEach(() => Reflect.deleteProperty(Object.prototype, 'toJSON'));

  it('a batch is the same as elsewhere', () => {
    const span = { ...SPAN, attributes: { list: ['a', 'b'] }, links: [{ context: SPAN.context }] };
    const write = (): string => encodeTraces(encodeResource({ 'service.name': 'shop' }), [encodeSpan(span)]);
    const elsewhere = write();
    Object.assign(Array.prototype, { toJSON: () => 'mine' });
    Object.assign(Object.prototype, { toJSON: () => 'mine' });
    expect(write()).toBe(elsewhere);
  });
});
