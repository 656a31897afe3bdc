import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ATTRIBUTES, MAX_VALUE_CHARS } from './limits.ts';
import { toTimeWindow } from './parseSpan.ts';
import { parseTraces } from './parseTraces.ts';

const NOW_MS = 1_800_000_000_000;
const window = toTimeWindow(NOW_MS, 30);
const START = '1799999999000000123';
const END = '1799999999050000123';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const span = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: 'x',
  startTimeUnixNano: START,
  endTimeUnixNano: END,
};

function request(spans: unknown, resource?: unknown): unknown {
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 's', version: '1' }, spans }] }] };
}

function parsed(document: unknown) {
  const result = parseTraces(document, window);
  if (result.status !== 'parsed') throw new Error(result.reason);
  return result;
}

function onlySpan(more: Record<string, unknown>) {
  return parsed(request([{ ...span, ...more }])).groups[0]!.spans[0]!;
}

describe('parseTraces', () => {
  it('reads a span with all its parts', () => {
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] };
    const full = {
      ...span,
      parentSpanId: '00F067AA0BA902B7',
      traceState: 'a=1',
      kind: 2,
      status: { code: 2, message: 'boom' },
      attributes: [{ key: 'k', value: { stringValue: 'v' } }],
      events: [{ timeUnixNano: END, name: 'e', attributes: [{ key: 'x', value: { boolValue: true } }] }],
      links: [{ traceId: TRACE_ID, spanId: SPAN_ID, traceState: 'b=2' }],
      aFieldOfTheFuture: { deep: [1] },
    };
    const [group] = parsed(request([full], resource)).groups;
    expect(group).toEqual({
      service: 'orders',
      resource: ['service.name', 'orders'],
      scopeName: 's',
      scopeVersion: '1',
      spans: [
        {
          traceId: TRACE_ID,
          spanId: SPAN_ID,
          parentSpanId: '00f067aa0ba902b7',
          traceState: 'a=1',
          name: 'x',
          kind: 'Server',
          startUnixNano: 1799999999000000123n,
          durationNano: 50_000_000n,
          statusCode: 'Error',
          statusMessage: 'boom',
          attributes: ['k', 'v'],
          events: [{ unixNano: 1799999999050000123n, name: 'e', attributes: ['x', 'true'] }],
          links: [{ traceId: TRACE_ID, spanId: SPAN_ID, traceState: 'b=2', attributes: [] }],
        },
      ],
    });
  });

  it('calls a service that has no name unknown_service', () => {
    expect(parsed(request([span])).groups[0]!.service).toBe('unknown_service');
    const empty = { attributes: [{ key: 'service.name', value: { stringValue: '' } }] };
    expect(parsed(request([span], empty)).groups[0]!.service).toBe('unknown_service');
  });

  it('accepts an empty request, and null where a field is unset', () => {
    expect(parsed({}).accepted).toBe(0);
    expect(parsed({ resourceSpans: [] }).accepted).toBe(0);
    expect(parsed({ resourceSpans: [{ resource: null, scopeSpans: null }] }).accepted).toBe(0);
    expect(onlySpan({ attributes: null, events: null, links: null, status: null, kind: null }).kind).toBe(
      'Internal',
    );
  });

  it.each([
    ['null', null],
    ['an array', []],
    ['a number', 5],
    ['resourceSpans as an object', { resourceSpans: {} }],
    ['resourceSpans of strings', { resourceSpans: ['x'] }],
    ['a resource that is an array', { resourceSpans: [{ resource: [] }] }],
    ['resource attributes that are an object', { resourceSpans: [{ resource: { attributes: {} } }] }],
    ['scopeSpans as a string', { resourceSpans: [{ scopeSpans: 'x' }] }],
    ['spans as an object', request({})],
    ['only bad spans', request([{ traceId: 5 }, null, 'x'])],
  ])('calls %s malformed', (_, document) => {
    expect(parseTraces(document, window).status).toBe('malformed');
  });

  it.each([
    ['a short trace id', { traceId: 'abc' }],
    ['a trace id of zeros', { traceId: '0'.repeat(32) }],
    ['a span id that is no hex', { spanId: 'zzzzzzzzzzzzzzzz' }],
    ['a parent id that is no hex', { parentSpanId: 'g'.repeat(16) }],
    ['a name that is a number', { name: 5 }],
    ['a kind that is a name', { kind: 'SPAN_KIND_SERVER' }],
    ['a start that is no number', { startTimeUnixNano: 'soon' }],
    ['no start', { startTimeUnixNano: undefined }],
    ['a negative start', { startTimeUnixNano: '-5' }],
    ['a start long ago', { startTimeUnixNano: '1000000000' }],
    ['a start in the far future', { startTimeUnixNano: '9000000000000000000' }],
    ['an end in the far future', { endTimeUnixNano: '18446744073709551615' }],
    ['attributes that are an object', { attributes: {} }],
    ['an attribute that is null', { attributes: [null] }],
    ['a key that is a number', { attributes: [{ key: 1, value: {} }] }],
    ['a value that is a string', { attributes: [{ key: 'a', value: 'b' }] }],
    ['a stringValue that is a number', { attributes: [{ key: 'a', value: { stringValue: 5 } }] }],
    ['an intValue that is a word', { attributes: [{ key: 'a', value: { intValue: 'x' } }] }],
    ['status that is a number', { status: 2 }],
    ['a link without ids', { links: [{}] }],
  ])('rejects only the span that has %s', (_, wrong) => {
    const result = parsed(request([span, { ...span, ...wrong }, span]));
    expect(result).toMatchObject({ accepted: 2, rejected: 1 });
    expect(result.firstReason).not.toBe('');
  });

  it.each([
    [{ stringValue: 'ü€😀' }, 'ü€😀'],
    [{ boolValue: false }, 'false'],
    [{ intValue: '42' }, '42'],
    [{ intValue: 42 }, '42'],
    [{ intValue: '9223372036854775807' }, '9223372036854775807'],
    [{ doubleValue: 1.5 }, '1.5'],
    [{ doubleValue: 'NaN' }, 'NaN'],
    [{ bytesValue: 'AAE=' }, 'AAE='],
    [{ arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }, {}] } }, '[1,"a",null]'],
    [{ arrayValue: {} }, '[]'],
    [
      { kvlistValue: { values: [{ key: '__proto__', value: { kvlistValue: { values: [{ key: 'b' }] } } }] } },
      '{"__proto__":{"b":null}}',
    ],
    [{}, ''],
    [null, ''],
    [{ valueOfTheFuture: 1 }, ''],
  ])('stores the value %j as %s', (value, text) => {
    expect(onlySpan({ attributes: [{ key: 'k', value }] }).attributes).toEqual(['k', text]);
  });

  it('keeps the last of equal keys, few or many', () => {
    const pair = (key: string, text: string) => ({ key, value: { stringValue: text } });
    expect(onlySpan({ attributes: [pair('a', '1'), pair('b', '2'), pair('a', '3')] }).attributes).toEqual([
      'a',
      '3',
      'b',
      '2',
    ]);
    const many = Array.from({ length: 100 }, (_, i) => pair(`k${i % 50}`, String(i)));
    expect(onlySpan({ attributes: many }).attributes).toHaveLength(100);
  });

  it('cuts what is too long, leaves out what is too many, and counts both', () => {
    const long = { key: 'k', value: { stringValue: 'x'.repeat(MAX_VALUE_CHARS + 1) } };
    const many = Array.from({ length: MAX_ATTRIBUTES + 5 }, (_, i) => ({
      key: `k${i}`,
      value: { intValue: i },
    }));
    const result = parsed(
      request([
        { ...span, attributes: [long] },
        { ...span, attributes: many },
      ]),
    );
    expect(result.losses).toEqual({ cutValues: 1, droppedItems: 5 });
    const [first, second] = result.groups[0]!.spans;
    expect(first!.attributes[1]).toHaveLength(MAX_VALUE_CHARS);
    expect(second!.attributes).toHaveLength(MAX_ATTRIBUTES * 2);
  });

  it('rejects a value that is nested without end, and survives it', () => {
    let value: unknown = { stringValue: 'x' };
    for (let i = 0; i < 50_000; i++) value = { arrayValue: { values: [value] } };
    const result = parsed(request([span, { ...span, attributes: [{ key: 'k', value }] }]));
    expect(result).toMatchObject({ accepted: 1, rejected: 1 });
  });

  it('takes a span whose clock ran backwards as one without length', () => {
    expect(onlySpan({ endTimeUnixNano: '1799999998000000000' }).durationNano).toBe(0n);
    expect(onlySpan({ endTimeUnixNano: undefined }).durationNano).toBe(0n);
  });

  it('never throws and never accepts what it cannot store, whatever the document', () => {
    const json = fc.jsonValue({ maxDepth: 6 });
    const keys = fc.constantFrom(
      'traceId',
      'spanId',
      'name',
      'kind',
      'status',
      'events',
      'links',
      'attributes',
    );
    const wild = fc.dictionary(keys, json);
    fc.assert(
      fc.property(
        fc.oneof(
          json,
          wild.map((more) => request([{ ...span, ...more }])),
        ),
        (document) => {
          const result = parseTraces(document, window);
          if (result.status === 'malformed') return;
          for (const { traceId, spanId, parentSpanId, attributes } of result.groups.flatMap(
            (group) => group.spans,
          )) {
            expect(traceId).toMatch(/^[0-9a-f]{32}$/);
            expect(spanId).toMatch(/^[0-9a-f]{16}$/);
            expect(parentSpanId).toMatch(/^([0-9a-f]{16})?$/);
            expect(attributes.every((text) => typeof text === 'string')).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
