// oxlint-disable no-console -- the page's console is what is tested
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedLog } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

/** The part of the page's agent that is used here. */
declare const clickspan: {
  flush(): Promise<void>;
  stop(): void;
  recordError(error: unknown, attributes?: object): void;
};

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let other: TestOrigin;
let voices: PageVoices;

const BODY = `
<button id="throws">Throws</button><button id="rejects">Rejects</button><button id="later">Later</button>
<button id="image">Image</button><button id="caught">Caught</button><button id="text">Text</button>
<script>
  const on = (id, run) => document.getElementById(id).addEventListener('click', run);
  on('throws', () => { throw new TypeError('of anna@shop.example', { cause: new RangeError('deep') }); });
  on('rejects', async () => { await fetch('/echo'); throw new Error('after await'); });
  on('later', () => setTimeout(() => Promise.reject('in a timer'), 20));
  on('image', () => { new Image().src = '/status?code=404&token=secret'; document.body.append(Object.assign(new Image(), { src: '/status?code=404' })); });
  on('text', () => { throw 'only text'; });
  on('caught', () => {
    try { throw new Error('known'); } catch (error) { clickspan.recordError(error, { 'shop.step': 'pay' }); throw error; }
  });
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  other = await startTestOrigin('127.0.0.1', {
    '/foreign.js': {
      html: `throw new Error('secret of another origin');`,
      headers: { 'content-type': 'text/javascript' },
    },
  });
  const attributes = { endpoint: collector.url, 'service-name': 'shop' };
  const page = (extra: Record<string, string> = {}, body = BODY) =>
    toPageHtml({ ...attributes, ...extra }, body);
  const policy = `default-src 'self' 'unsafe-inline'; connect-src 'self' ${collector.url}`;
  site = await startTestOrigin('localhost', {
    '/': { html: page() },
    '/bare': {
      html: `<!doctype html><title>Test</title><body>${BODY.replaceAll('clickspan.recordError', 'void ')}`,
    },
    '/console': { html: page({ 'console-errors': 'true' }) },
    '/foreign': { html: page({}, `<script src="${other.url}/foreign.js"></script>`) },
    '/strict': { html: page({}, ''), headers: { 'content-security-policy': policy } },
    '/mute': {
      html: page({}, ''),
      headers: { 'content-security-policy-report-only': `default-src 'self' 'unsafe-inline'` },
    },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, other, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await voices?.page.context().close();
  collector.clear();
});

const open = async (path: string): Promise<PageVoices> => (voices = await openPage(browser, site.url + path));
const isError =
  (message: string | RegExp) =>
  ({ eventName, attributes }: ReceivedLog): boolean =>
    eventName === 'exception' && new RegExp(message).test(String(attributes['exception.message']));
const send = (): Promise<void> => voices.page.evaluate(() => clickspan.flush());
const actionNamed = (name: string) => collector.waitForSpan(hasType('action', name));

describe('errors', () => {
  it('records an error that nobody catches in the action that it happened in, with stack and causes, masked', async () => {
    const { page } = await open('/');
    await page.click('#throws');
    const log = await collector.waitForLog(isError('^of '));
    const action = await actionNamed('click Throws');
    expect(log).toMatchObject({
      severity: 17,
      traceId: action.traceId,
      spanId: action.spanId,
      attributes: {
        'exception.type': 'TypeError',
        'exception.message': 'of *',
        'clickspan.error.source': 'error',
        'browser.document.url.full': `${site.url}/`,
      },
    });
    const stack = log.attributes['exception.stacktrace'];
    expect(stack).toMatch(
      /^TypeError: of \*\n +at .*localhost:\d+\/:\d+:\d+[^]*\nCaused by: RangeError: deep\n +at /,
    );
    expect(action).toMatchObject({
      status: { code: 2 },
      attributes: { 'clickspan.action.errors': 1, 'error.type': 'TypeError' },
    });
  });

  it('knows the action of a rejection that nobody handles, behind await and in a timer', async () => {
    const { page } = await open('/');
    await page.click('#rejects');
    await page.click('#later');
    const awaited = await collector.waitForLog(isError('after await'));
    const timed = await collector.waitForLog(isError('in a timer'));
    const [first, second] = [await actionNamed('click Rejects'), await actionNamed('click Later')];
    expect([awaited.traceId, timed.traceId]).toEqual([first.traceId, second.traceId]);
    expect(awaited.attributes).toMatchObject({
      'exception.type': 'Error',
      'clickspan.error.source': 'unhandledrejection',
    });
    expect(timed.attributes).toMatchObject({ 'exception.type': 'string', 'exception.message': 'in a timer' });
    for (const { attributes, status } of [first, second]) {
      expect([attributes['clickspan.action.errors'], status.code]).toEqual([1, 2]);
    }
  });

  it('gives no action what happens in none', async () => {
    const { page } = await open('/');
    await collector.waitForSpan(hasType('action'));
    await page.evaluate(() => void setTimeout(() => void Promise.reject(new Error('on its own'))));
    expect(await collector.waitForLog(isError('on its own'))).toMatchObject({ traceId: '', spanId: '' });
  });

  it('records what could not be loaded, without the values of its address, and guesses no action', async () => {
    const { page } = await open('/');
    await page.click('#image');
    const { traceId, attributes } = await collector.waitForLog(isError('<img>'));
    expect(traceId).toBe('');
    expect(attributes).toMatchObject({
      'exception.type': 'ResourceError',
      'exception.message': `<img> ${site.url}/status?code=*`,
      'clickspan.error.source': 'resource',
    });
  });

  it('says of what holds its content itself only what it is', async () => {
    const { page } = await open('/');
    await page.evaluate(() => void (new Image().src = 'data:image/png;base64,c2VjcmV0'));
    await page.evaluate(() =>
      document.body.append(Object.assign(new Image(), { src: 'data:image/png;base64,c2VjcmV0' })),
    );
    const { attributes } = await collector.waitForLog(isError('<img>'));
    expect(attributes['exception.message']).toBe('<img> data:image/png');
  });

  it('takes no event of the page’s own for something that could not be loaded', async () => {
    const { page } = await open('/');
    await page.evaluate(() => {
      const image = document.body.appendChild(Object.assign(new Image(), { src: '/told.png' }));
      image.dispatchEvent(new Event('error'));
      document.querySelector('button')!.dispatchEvent(new Event('error', { bubbles: true }));
      image.src = '/status?code=404';
      clickspan.recordError('the last');
    });
    await collector.waitForLog(isError('the last'));
    const logs = await collector.waitForLog(isError('<img>')).then(() => collector.logs);
    expect(
      logs.map((log) => log.attributes['exception.message']).filter((text) => String(text).includes('<')),
    ).toEqual([`<img> ${site.url}/status?code=*`]);
  });

  it('records once what the page records and throws again, with the attributes that it gives', async () => {
    const { page } = await open('/');
    await page.click('#caught');
    const log = await collector.waitForLog(isError('known'));
    expect(log.attributes).toMatchObject({ 'shop.step': 'pay', 'clickspan.error.source': 'caught' });
    expect(await actionNamed('click Caught')).toMatchObject({ traceId: log.traceId, status: { code: 2 } });
    await send();
    expect(collector.logs.filter(isError('known'))).toHaveLength(1);
  });

  it('says of a script of another origin what can be known of it', async () => {
    await open('/foreign');
    const { attributes } = await collector.waitForLog(isError('Script error'));
    expect(attributes).toMatchObject({ 'exception.type': 'CrossOriginError' });
    expect(attributes).not.toHaveProperty('exception.stacktrace');
  });

  it('tells the place of an error that has no stack', async () => {
    const { page } = await open('/');
    await page.click('#text');
    const { attributes } = await collector.waitForLog(isError('only text'));
    expect(attributes['exception.stacktrace']).toMatch(/^at http:\/\/localhost:\d+\/:\d+:\d+$/);
  });

  it('counts what happens again, and tells it when the page is hidden', async () => {
    const { page } = await open('/');
    await collector.waitForSpan(hasType('action'));
    await page.evaluate(() => {
      const fail = () => {
        throw new Error('again and again');
      };
      for (let i = 0; i < 50; i++) setTimeout(fail);
    });
    const first = await collector.waitForLog(isError('again and again'));
    expect(first.attributes).not.toHaveProperty('clickspan.error.count');
    await page.goto('about:blank');
    const { attributes } = await collector.waitForLog(
      (log) => log.attributes['clickspan.error.count'] !== undefined,
    );
    expect(attributes).toMatchObject({ 'exception.message': 'again and again', 'clickspan.error.count': 49 });
    expect(collector.logs.filter(isError('again and again'))).toHaveLength(2);
  });

  it('says what a policy has forbidden', async () => {
    const { page } = await open('/strict');
    await page.evaluate(() => fetch('https://elsewhere.invalid/x?y=z').catch(() => {}));
    const { attributes } = await collector.waitForLog(isError('connect-src'));
    expect(attributes).toMatchObject({
      'exception.type': 'SecurityPolicyViolation',
      'exception.message': 'connect-src https://elsewhere.invalid/x?y=* (enforce)',
      'clickspan.error.source': 'csp',
    });
  });

  it('makes no records of what a policy says of its own way to the collector', async () => {
    const { page } = await open('/mute');
    await page.evaluate(async () => {
      const told = new Promise((done) => document.addEventListener('securitypolicyviolation', done));
      clickspan.recordError('first');
      await Promise.all([clickspan.flush(), told]);
      clickspan.recordError('second');
    });
    await collector.waitForLog(isError('second'));
    expect(collector.logs.filter(isError('connect-src'))).toEqual([]);
  });

  it('records console.error when asked, and prints the same', async () => {
    const { page } = await open('/console');
    await page.evaluate(() => {
      console.error('saving failed', new URIError('bad'));
      console.error('plain', 7);
    });
    const { attributes } = await collector.waitForLog(isError('bad'));
    expect(attributes).toMatchObject({ 'exception.type': 'URIError', 'clickspan.error.source': 'console' });
    await collector.waitForLog(isError('plain,7'));
    expect(voices.console).toEqual([
      expect.stringMatching(/^error: saving failed URIError: bad/),
      'error: plain 7',
    ]);
  });

  it('records no console.error unasked', async () => {
    const { page } = await open('/');
    await page.evaluate(() => {
      console.error('quiet');
      clickspan.recordError('loud');
    });
    await collector.waitForLog(isError('loud'));
    expect(collector.logs.filter(isError('quiet'))).toEqual([]);
  });

  it('leaves errors as they are: console, handlers and what counts as handled', async () => {
    const watch = async (path: string): Promise<unknown> => {
      await voices?.page.context().close();
      const { page } = await open(path);
      const seen = await page.evaluate(async () => {
        const events: string[] = [];
        window.onerror = (message, _file, _line, _column, error) =>
          void events.push(`${String(message)} ${error?.name}`);
        for (const type of ['unhandledrejection', 'rejectionhandled'] as const) {
          window.addEventListener(
            type,
            (event) => void events.push(`${type} ${event.reason} ${event.defaultPrevented}`),
          );
        }
        const late = Promise.reject(new Error('handled late'));
        Promise.reject(new Error('handled at once')).catch(() => {});
        await new Promise((done) => setTimeout(done, 50));
        late.catch(() => {});
        for (const id of ['throws', 'rejects', 'image', 'caught']) document.getElementById(id)!.click();
        await new Promise((done) => setTimeout(done, 300));
        return events;
      });
      return [seen, voices.console, voices.errors];
    };
    expect(await watch('/')).toEqual(await watch('/bare'));
  });

  it('takes no harm from hostile errors, and says nothing of them in the console', async () => {
    const { page } = await open('/console');
    await page.evaluate(async () => {
      const fail = (error: unknown): void =>
        void setTimeout(() => {
          throw error;
        });
      const trap = new Proxy(
        {},
        {
          get() {
            throw new Error('trap');
          },
          getPrototypeOf() {
            throw new Error('trap');
          },
        },
      );
      const cyclic = new Error('cyclic');
      cyclic.cause = cyclic;
      const chatty = {
        get message() {
          console.error(chatty);
          return 'chatty';
        },
      };
      for (const error of [
        trap,
        cyclic,
        chatty,
        Object.create(null),
        new Error('x'.repeat(5e6)),
        undefined,
      ]) {
        fail(error);
        void Promise.reject(error);
        clickspan.recordError(error);
      }
      clickspan.recordError(new Error('with attributes'), trap);
      await new Promise((done) => setTimeout(done, 100));
      clickspan.recordError(new Error('the last'));
    });
    await collector.waitForLog(isError('the last'));
    await collector.waitForLog(isError('cyclic'));
    await collector.waitForLog(isError('chatty'));
    await collector.waitForLog(isError('^xxx'));
    expect(voices.console.filter((line) => line.includes('[clickspan]'))).toEqual([]);
  });

  it('records nothing more after stop', async () => {
    const { page } = await open('/');
    await page.evaluate(() => {
      const agent = clickspan;
      agent.recordError(new Error('before'));
      agent.stop();
      agent.recordError(new Error('behind'));
      setTimeout(() => {
        throw new Error('behind too');
      });
    });
    await collector.waitForLog(isError('before'));
    await expect.poll(() => voices.errors).toEqual(['behind too']);
    await send();
    expect(collector.logs.filter(isError('behind'))).toEqual([]);
  });
});
