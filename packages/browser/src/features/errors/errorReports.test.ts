import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createErrorReports, type ErrorRecord, type ErrorReports } from './errorReports.ts';

let time: FakeTime;
let emitted: ErrorRecord[];
let reports: ErrorReports;

beforeEach(() => {
  time = createFakeTime();
  emitted = [];
  reports = createErrorReports({ emit: (record) => emitted.push(record), after: time.after, clock: time });
});

const add = (key: string): void =>
  reports.add(key, { unixMs: time.now(), severity: 17, eventName: 'exception', attributes: { key } });

/** What was recorded: the error, and how often it came again. */
const told = (): unknown[] =>
  emitted.map(({ attributes }) => [
    attributes['key'],
    attributes['clickspan.error.count'] ?? attributes['clickspan.errors.left_out'],
  ]);

describe('errorReports', () => {
  it('records an error at once, and tells after a minute how often it came again', async () => {
    add('a');
    add('a');
    add('b');
    add('a');
    expect(told()).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    await time.advance(60_000);
    expect(told().slice(2)).toEqual([['a', 2]]);
    expect(emitted[2]).toMatchObject({ unixMs: time.now(), eventName: 'exception', severity: 17 });
  });

  it('records it anew in the next minute', async () => {
    add('a');
    await time.advance(60_000);
    add('a');
    expect(told()).toEqual([
      ['a', undefined],
      ['a', undefined],
    ]);
  });

  it('tells its counts early when the page is about to go, and each once', async () => {
    add('a');
    add('a');
    reports.flush();
    reports.flush();
    await time.advance(120_000);
    expect(told().slice(1)).toEqual([['a', 1]]);
  });

  it('counts what is too much for a minute, and tells it', async () => {
    for (let i = 0; i < 100; i++) add(`e${i}`);
    expect(emitted).toHaveLength(30);
    await time.advance(60_000);
    expect(told().slice(30)).toEqual([[undefined, 70]]);
    expect(emitted[30]).toMatchObject({ severity: 13 });
    add('more');
    expect(told().at(-1)).toEqual(['more', undefined]);
  });

  it('counts what is too much for a page', async () => {
    for (let minute = 0; minute < 20; minute++) {
      for (let i = 0; i < 30; i++) add(`${minute}/${i}`);
      await time.advance(60_000);
    }
    expect(emitted.filter(({ eventName }) => eventName)).toHaveLength(300);
    expect(told().slice(300)).toEqual(Array.from({ length: 10 }, () => [undefined, 30]));
  });

  it('waits for nothing as long as nothing has happened', async () => {
    await time.advance(600_000);
    expect(emitted).toEqual([]);
  });
});
