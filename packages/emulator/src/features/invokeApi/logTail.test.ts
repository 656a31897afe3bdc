import { describe, expect, it } from 'vitest';
import { createLogTail } from './logTail.ts';
import type { LogLine } from './logTail.ts';

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, `LogType`; lines in JSON by
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

const ID = '8286a188-ba32-4475-8077-530cd35c09a9';
const TIME = '2026-11-25T10:00:00.000Z';

const platform = (line: string): LogLine => ({ environmentId: 'one', source: 'platform', line });
const printed = (line: string): LogLine => ({ environmentId: 'one', source: 'stdout', line });
const json = (type: string, requestId = ID): LogLine =>
  platform(JSON.stringify({ time: TIME, type: `platform.${type}`, record: { requestId } }));

/** What a caller gets who waits no longer than for the lines. */
async function toTail(lines: readonly LogLine[]): Promise<string | undefined> {
  const tail = createLogTail();
  const { lines: told } = tail.follow(ID);
  for (const line of lines) tail.onLine(line);
  const late = new Promise<undefined>((resolve) => {
    setImmediate(resolve, undefined);
  });
  return Promise.race([told, late]);
}

describe('the end of the log', () => {
  it.each([
    [
      'text',
      [
        platform('INIT_START'),
        platform(`START RequestId: ${ID} Version: $LATEST`),
        printed('hello'),
        platform(`REPORT RequestId: ${ID}\tDuration: 1.00 ms`),
      ],
    ],
    ['JSON', [json('initStart'), json('start'), printed('{"message":"hello"}'), json('report')]],
  ])('is what was written from start to report, in the format %s', async (_, lines) => {
    const wanted = lines.slice(1).map(({ line }) => `${line}\n`);
    expect(await toTail(lines)).toBe(wanted.join(''));
  });

  it('does not end where a function writes the words of the platform', async () => {
    const { line } = json('report');
    expect(await toTail([json('start'), printed(line), printed(`REPORT RequestId: ${ID}`)])).toBeUndefined();
  });

  it('has lines of another environment in neither format', async () => {
    const other = { ...json('start', 'another'), environmentId: 'two' };
    const tail = await toTail([
      json('start'),
      other,
      { ...printed('x'), environmentId: 'two' },
      json('report'),
    ]);
    expect(tail?.split('\n')).toHaveLength(3);
  });
});
