import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSpan } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMarkerFile } from '../../platform/markerFile.ts';
import type { Unsent } from '../../model/signalExporter.ts';
import { createCrashRecord } from './crashRecord.ts';
import type { CrashRecord } from './crashRecord.ts';
import { decideDeath, toRecoveredSpan } from './unfinished.ts';
import type { Unfinished } from './unfinished.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clickspan-crash-'));
  path = join(folder, 'marker');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Each call is one more process in the same environment. */
const open = (now = 2000, memoryBytes = 7, later: (run: () => void) => void = () => {}): CrashRecord =>
  createCrashRecord({ file: openMarkerFile(path), now: () => now, memoryBytes: () => memoryBytes, later });

const CONTEXT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 2 };
const STARTED = {
  name: 'POST /orders',
  kind: 1,
  startUnixMs: 1000,
  context: CONTEXT,
  parentSpanId: 'c'.repeat(16),
  attributes: {
    'faas.invocation_id': 'r',
    'faas.coldstart': true,
    'faas.trigger': 'http',
    'url.path': '/orders',
  },
  links: [{ context: { ...CONTEXT, traceState: { serialize: () => 'a=1' } as never } }],
  recorded: true,
};

describe('the record of crashes', () => {
  it('finds nothing in a new environment, and that there was a process in one that starts again', () => {
    expect(open()).toMatchObject({ restarted: false, unfinished: undefined, unsent: {} });
    expect(open()).toMatchObject({ restarted: true, unfinished: undefined, unsent: {} });
  });

  it('finds the invocation in which a process has died, and when it was last seen', () => {
    open().begin(STARTED, 4000);
    const { attributes: all } = STARTED;
    const { 'url.path': _, ...first } = all;
    const brief = {
      ...STARTED,
      deadlineUnixMs: 4000,
      attributes: { ...first, 'clickspan.span.type': 'invocation', 'faas.trigger': 'http' },
      links: [],
      seenUnixMs: 1000,
      seenBytes: 0,
    };
    expect(open().unfinished).toEqual(brief);
    const process = open(2500, 99);
    process.begin(STARTED, 4000);
    process.seen();
    expect(open().unfinished).toEqual({
      ...STARTED,
      deadlineUnixMs: 4000,
      links: [{ context: CONTEXT }],
      seenUnixMs: 2500,
      seenBytes: 99,
    });
  });

  it('finds what there is to be counted of one that is not recorded', () => {
    const attributes = {
      'faas.coldstart': true,
      'clickspan.init_ms': 81.5,
      'clickspan.init.type': 'on-demand',
    };
    open().begin({ ...STARTED, attributes, recorded: false }, 4000);
    expect(open().unfinished).toMatchObject({ recorded: false, attributes });
  });

  it('finds none that has ended', () => {
    const process = open();
    process.begin(STARTED, 4000);
    process.end();
    process.seen();
    expect(open().unfinished).toBeUndefined();
  });

  it('keeps nobody waiting after an invocation that was quick, and finds the next one if it takes more than a turn', () => {
    const turns: (() => void)[] = [];
    const process = open(1001, 7, (run) => turns.push(run));
    const quick = { ...STARTED, name: 'quick' };
    process.begin(STARTED, 4000);
    process.settle();
    process.end();
    process.begin(quick, 4000);
    process.settle();
    turns.shift()!();
    process.end();
    expect(open().unfinished).toBeUndefined();
    process.begin({ ...STARTED, name: 'long' }, 4000);
    turns.shift()!();
    expect(open().unfinished).toMatchObject({ name: 'long' });
    process.settle();
    process.end();
    expect(open().unfinished).toBeUndefined();
  });

  const record = (name: string, padding = ''): EncodedRecord => ({
    scope: { name: 's', version: '1' },
    json: JSON.stringify({ name, padding }),
  });
  it('hands on what could not be sent', () => {
    const process = open();
    process.begin(STARTED, 4000);
    process.leave({ traces: [record('x')], logs: [record('y')] });
    expect(open()).toMatchObject({
      unfinished: undefined,
      unsent: { traces: [record('x')], logs: [record('y')] },
    });
    expect(open().unsent).toEqual({});
  });

  it('hands on the latest of each signal where there is too much', () => {
    const many = (...names: string[]): EncodedRecord[] =>
      names.map((name) => record(name, 'x'.repeat(100_000)));
    const left = (unsent: Unsent): (string | undefined)[][] => {
      open().leave(unsent);
      return Object.values(open().unsent).map((records) => records.map(({ json }) => /\d/.exec(json)?.[0]));
    };
    expect(left({ traces: many('1', '2', '3', '4'), metrics: [] })).toEqual([['3', '4']]);
    expect(left({ traces: many('1', '2', '3', '4'), metrics: many('5') })).toEqual([['4'], ['5']]);
  });

  it('keeps names that look like JSON', () => {
    const attributes = { 'faas.invocation_id': '"},{', 'faas.trigger': undefined };
    open().begin({ ...STARTED, name: 'GET /"\n\\', attributes }, 4000);
    expect(open().unfinished).toMatchObject({
      name: 'GET /"\n\\',
      attributes: { 'faas.invocation_id': '"},{' },
    });
  });

  it('keeps an invocation whose attributes have no room', () => {
    const process = open();
    process.begin({ ...STARTED, attributes: { 'url.query': 'x'.repeat(10_000) } }, NaN);
    process.seen();
    expect(open().unfinished).toMatchObject({ name: 'POST /orders', deadlineUnixMs: NaN });
  });

  it.each(['{"unfinished":{"name":"x', '{"unfinished":null}', 'null', '[]', '{"unsent":7}', '\0\0'])(
    'survives that somebody has written %j',
    (text) => {
      writeFileSync(path, `${text}\n`);
      expect(open()).toMatchObject({ restarted: true, unfinished: undefined, unsent: {} });
    },
  );

  it('hands on nothing that is no record', () => {
    writeFileSync(path, '{"unsent":{"traces":[null,{}],"logs":3}}\n');
    expect(open().unsent).toEqual({ traces: [], logs: [] });
  });
});

describe('an invocation that has died', () => {
  const unfinished: Unfinished = {
    ...STARTED,
    deadlineUnixMs: 4000,
    links: [],
    seenUnixMs: 2000,
    seenBytes: 10,
  };

  it.each<[string, Partial<Unfinished>, number, object]>([
    [
      'was seen at work until shortly before its deadline',
      { seenUnixMs: 3600 },
      9000,
      { reason: 'timeout', errorType: 'timeout', endUnixMs: 4000 },
    ],
    [
      'was found before its deadline',
      {},
      3000,
      { reason: 'killed', errorType: 'Runtime.ExitError', endUnixMs: 2000 },
    ],
    ['was last seen long before its deadline', {}, 9000, { reason: 'killed', endUnixMs: 2000 }],
    ['has no deadline', { deadlineUnixMs: NaN }, 9000, { reason: 'killed', endUnixMs: 2000 }],
    [
      'had most of the memory',
      { seenBytes: 90 },
      9000,
      { reason: 'out_of_memory', errorType: 'Runtime.OutOfMemory', endUnixMs: 2000 },
    ],
  ])('and %s', (_, change, nowUnixMs, death) => {
    expect(decideDeath({ ...unfinished, ...change }, 100, nowUnixMs)).toMatchObject(death);
  });

  it('has its span under the id that it had, told as failed and sampled', () => {
    const death = decideDeath(unfinished, NaN, 9000);
    const scope = { name: 's', version: '' };
    expect(JSON.parse(encodeSpan(toRecoveredSpan(unfinished, death, scope)).json)).toMatchObject({
      spanId: CONTEXT.spanId,
      parentSpanId: STARTED.parentSpanId,
      flags: 0x303,
      name: 'POST /orders',
      status: { code: 2 },
      startTimeUnixNano: '1000000000',
      endTimeUnixNano: '2000000000',
    });
  });
});
