import { describe, expect, it } from 'vitest';
import { toJson } from '@clickspan/shared/json';
import type { LogRecord } from '@clickspan/shared/otlp';
import { toMaskedException } from '../invocation/exception.ts';
import { toMaskedJson } from '../../platform/maskedJson.ts';
import { maskSecrets } from '../../platform/maskSecrets.ts';
import { toLogRecord } from './logLine.ts';
import type { LogLine } from './logLine.ts';

const SCOPE = { name: 's', version: '' };
const NOW = Date.parse('2026-11-25T10:00:00.000Z');
const PREFIX = '2026-11-25T10:00:00.000Z\t8476a536-e9f4-11e8-9739-2dfe598c3fcd\tINFO\t';

function parse(line: Partial<LogLine>): LogRecord | undefined {
  return toLogRecord(
    {
      unixMs: NOW,
      text: '',
      severity: undefined,
      stream: undefined,
      error: undefined,
      spanContext: undefined,
      requestId: undefined,
      ...line,
    },
    SCOPE,
    {
      maskText: maskSecrets,
      maskFields: (fields) => JSON.parse(toMaskedJson(fields, Infinity)),
      toMaskedException,
      toJson,
    },
  );
}
const error = {
  name: 'RangeError',
  message: 'no',
  stack: 'RangeError: no\n    at f (a.js:1:1)',
  cause: undefined,
};

describe('what the runtime client writes for console', () => {
  it('in the text format is the text behind its prefix, with its line ends', () => {
    expect(parse({ text: `${PREFIX}a\tb\rc\n`, severity: 9, requestId: 'r' })).toEqual({
      unixMs: NOW,
      severity: 9,
      body: 'a\tb\nc',
      attributes: { 'faas.invocation_id': 'r' },
      spanContext: undefined,
      scope: SCOPE,
    });
  });

  it('in the text format before any invocation is so too', () => {
    expect(parse({ text: '2026-11-25T10:00:00.000Z\tundefined\tINFO\tinit\n', severity: 9 })!.body).toBe(
      'init',
    );
  });

  it('in the JSON format is its message', () => {
    const text =
      '{"timestamp":"2026-11-25T10:00:00.000Z","level":"WARN","requestId":"r","message":"hi {}"}\n';
    expect(parse({ text, severity: 13 })).toMatchObject({ body: 'hi {}', severity: 13 });
  });

  it.each([
    ['nothing', '{"timestamp":"2026-11-25T10:00:00.000Z","level":"INFO","requestId":"r"}', 'undefined'],
    ['null', '{"timestamp":"2026-11-25T10:00:00.000Z","level":"INFO","message":null}', 'null'],
    ['a list', '{"timestamp":"2026-11-25T10:00:00.000Z","level":"INFO","message":[1,"a"]}', '[1,"a"]'],
    [
      'a line of a logger',
      '{"timestamp":"2026-11-25T10:00:00.000Z","level":"INFO","message":"{\\"level\\":\\"warn\\",\\"msg\\":\\"slow\\"}"}',
      'slow',
    ],
  ])('in the JSON format may be %s', (_, text, body) =>
    expect(parse({ text, severity: 9 })!.body).toBe(body),
  );

  it('in the JSON format may be an object, whose fields become attributes', () => {
    const text =
      '{"timestamp":"2026-11-25T10:00:00.000Z","level":"INFO","requestId":"r","message":{"message":"paid","orderId":7,"to":{"iban":"DE1"}}}';
    expect(parse({ text, severity: 9 })).toMatchObject({
      body: 'paid',
      attributes: { orderId: 7, to: '{"iban":"*"}' },
    });
  });

  it.each([
    [
      'text',
      `${PREFIX}failed RangeError: no\r    at f (a.js:1:1) {\r  extra: 1\r}\n`,
      'failed RangeError: no\n  extra: 1\n}',
    ],
    [
      'JSON',
      '{"timestamp":"2026-11-25T10:00:00.000Z","level":"ERROR","requestId":"r","message":{"errorType":"RangeError","errorMessage":"no","stackTrace":["x"]}}',
      'RangeError: no',
    ],
    [
      'JSON, several arguments',
      '{"timestamp":"2026-11-25T10:00:00.000Z","level":"ERROR","requestId":"r","message":"failed RangeError: no\\n    at f (a.js:1:1)","errorType":"RangeError"}',
      'failed RangeError: no',
    ],
  ])('of an error tells its stack in the attributes alone (%s)', (_, text, body) => {
    const record = parse({ text, severity: 17, error })!;
    expect(record.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'no',
      'exception.stacktrace': error.stack,
    });
    expect(record.body).toBe(body);
  });
});

describe('what loggers write', () => {
  it('Powertools', () => {
    const text =
      '{"level":"ERROR","message":"failed","timestamp":"2026-11-25T09:59:59.999Z","service":"shop","cold_start":true,"xray_trace_id":"1-a-b","error":{"name":"RangeError","location":"f:1","message":"no","stack":"RangeError: no\\n    at f","cause":{"name":"TypeError","message":"deep","stack":"TypeError: deep"}}}\n';
    expect(parse({ text, stream: 'stderr' })).toEqual({
      unixMs: NOW,
      severity: 17,
      body: 'failed',
      attributes: {
        service: 'shop',
        cold_start: true,
        xray_trace_id: '1-a-b',
        'exception.type': 'RangeError',
        'exception.message': 'no',
        'exception.stacktrace': 'RangeError: no\n    at f\nCaused by: TypeError: deep',
        'log.iostream': 'stderr',
      },
      spanContext: undefined,
      scope: SCOPE,
    });
  });

  it('pino', () => {
    const text = `{"level":50,"time":${NOW - 1},"pid":1,"hostname":"h","err":{"type":"RangeError","message":"no","stack":"RangeError: no"},"msg":"failed"}`;
    expect(parse({ text, stream: 'stdout' })).toMatchObject({
      severity: 17,
      body: 'failed',
      attributes: { pid: 1, 'exception.type': 'RangeError' },
    });
  });

  it('winston by console', () => {
    const text = `${PREFIX}{"level":"warn","message":"slow","ms":12}\n`;
    expect(parse({ text, severity: 9 })).toMatchObject({
      severity: 13,
      body: 'slow',
      attributes: { ms: 12 },
    });
  });

  it('at a time of their own, where they hold lines back', () => {
    const at = (timestamp: string): number =>
      parse({ text: `{"level":"debug","message":"m","timestamp":"${timestamp}"}` })!.unixMs;
    expect(at('2026-11-25T09:59:58.000Z')).toBe(NOW - 2000);
    expect(at('2020-01-01T00:00:00.000Z')).toBe(NOW);
    expect(at('2027-01-01T00:00:00.000Z')).toBe(NOW);
  });

  it('without a message, or with one that is no text', () => {
    expect(parse({ text: '{"level":"info","a":1}' })!.body).toBe('{"level":"info","a":1}');
    expect(parse({ text: '{"message":{"password":"hunter22"}}' })!.body).toBe('{"password":"*"}');
  });
});

describe('what is not told', () => {
  it.each([[''], ['\n'], ['{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"Latency":1}']])('%j', (text) =>
    expect(parse({ text })).toBeUndefined(),
  );

  it('secrets, by their look and by their names', () => {
    const record = parse({
      text: '{"message":"Bearer abcdefgh1234 eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc","password":"hunter22","headers":{"authorization":"x"},"url":"https://u:p@host/"}',
    })!;
    expect(JSON.stringify(record)).not.toMatch(/abcdefgh|eyJ|hunter22|u:p|"x"/);
    expect(record.attributes).toEqual({
      password: '*',
      headers: '{"authorization":"*"}',
      url: 'https://*@host/',
    });
  });
});

it('a line that is cut, or only looks like JSON, is a text', () => {
  expect(parse({ text: '{"level":"error","message":"x' })!.severity).toBe(17);
  expect(parse({ text: '{"time":1,"level":50,"msg":"x' })!.severity).toBe(17);
  expect(parse({ text: '{"level":"error","message":"x' })!.body).toBe('{"level":"error","message":"x');
  expect(parse({ text: '{ a: 1 }' })!.body).toBe('{ a: 1 }');
  expect(parse({ text: '{"__proto__":{"level":"error"},"constructor":1}' })!.severity).toBeUndefined();
});
