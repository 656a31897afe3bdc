import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createCorsGuard, type CorsGuard } from './corsGuard.ts';

const PAGE = 'https://shop.example';
const API = new URL('https://api.example/x');
const OWN = new URL(`${PAGE}/out`);
const FAILURE = new TypeError('Failed to fetch');

let time: FakeTime;
let said: string[];
let sent: number;
let navigator: { onLine: boolean };
let cors: CorsGuard;

beforeEach(() => {
  time = createFakeTime();
  said = [];
  sent = 0;
  navigator = { onLine: true };
  cors = createCorsGuard({ pageOrigin: PAGE, navigator, now: time.now, warn: (text) => said.push(text) });
});

/** A request has failed; what comes of it when it would be answered from an address, or not at all. */
function fail(url: URL, answerUrl?: string, isAborted = false): Promise<unknown> {
  const send = (): Promise<Response> => {
    sent++;
    return answerUrl ? Promise.resolve({ url: answerUrl } as Response) : Promise.reject(FAILURE);
  };
  return cors.resend(url, { send, isAborted: () => isAborted }, FAILURE).catch((error: unknown) => error);
}

describe('an origin that refuses our headers', () => {
  it('gets the request again without them, is parked, and is named with what it must answer', async () => {
    expect(await fail(API, API.href)).toMatchObject({ url: API.href });
    expect(cors.mayStamp(API, true)).toBe(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('https://api.example');
    expect(said[0]).toContain('Access-Control-Allow-Headers: traceparent, tracestate');
  });

  it('gets all that were on their way again', async () => {
    const answers = [fail(API, API.href), fail(API, API.href), fail(API, API.href)];
    expect(await Promise.all(answers)).toMatchObject(answers.map(() => ({ url: API.href })));
    expect(await fail(API, API.href)).toMatchObject({ url: API.href });
    expect(said).toHaveLength(1);
  });

  it('is asked again after a while, only by what can be sent again', async () => {
    await fail(API, API.href);
    await time.advance(600_001);
    expect([cors.mayStamp(API, false), cors.mayStamp(API, true)]).toEqual([false, true]);
    await fail(API, API.href);
    expect(cors.mayStamp(API, true)).toBe(false);
    await time.advance(600_001);
    cors.answered(API);
    expect(cors.mayStamp(API, false)).toBe(true);
  });

  it('is parked when what has failed cannot be sent again', () => {
    cors.failed(API);
    expect(cors.mayStamp(API, true)).toBe(false);
    expect(said).toHaveLength(1);
  });
});

describe('an outage', () => {
  it('gets one request more, and nobody is accused', async () => {
    const failures = await Promise.all([1, 2, 3].map(() => fail(API)));
    failures.push(await fail(API));
    expect(failures).toEqual([FAILURE, FAILURE, FAILURE, FAILURE]);
    expect(sent).toBe(1);
    expect(cors.mayStamp(API, false)).toBe(true);
    expect(said).toEqual([]);
  });

  it('gets none at an origin that has answered a stamped request', async () => {
    cors.answered(API);
    expect(await fail(API, API.href)).toBe(FAILURE);
    cors.failed(API);
    expect(sent).toBe(0);
    expect(cors.mayStamp(API, false)).toBe(true);
  });

  it('gets none when the machine is offline', async () => {
    navigator.onLine = false;
    expect(await fail(API, API.href)).toBe(FAILURE);
    cors.failed(API);
    expect(sent).toBe(0);
    expect(cors.mayStamp(API, false)).toBe(true);
  });

  it('is not concluded from what the page gave up', async () => {
    await fail(API, undefined, true);
    expect(await fail(API, API.href)).toMatchObject({ url: API.href });
  });

  it('of the own origin gets one request more, whatever the path', async () => {
    await fail(OWN);
    await fail(new URL(`${PAGE}/other`));
    expect(sent).toBe(1);
  });
});

describe('a path of the own origin', () => {
  it('that leads to a third party which refuses is parked alone', async () => {
    expect(await fail(OWN, 'https://third.example/')).toMatchObject({ url: 'https://third.example/' });
    expect(cors.mayStamp(OWN, true)).toBe(false);
    expect(cors.mayStamp(new URL(`${PAGE}/in`), false)).toBe(true);
    expect(said[0]).toContain('https://third.example');
  });

  it('that was only unlucky is stamped on, and not sent again a second time', async () => {
    expect(await fail(OWN, OWN.href)).toMatchObject({ url: OWN.href });
    expect(cors.mayStamp(OWN, false)).toBe(true);
    expect(await fail(OWN, OWN.href)).toBe(FAILURE);
    expect(said).toEqual([]);
  });

  it('is not parked for what cannot be sent again', () => {
    cors.failed(OWN);
    expect(cors.mayStamp(OWN, false)).toBe(true);
  });
});
