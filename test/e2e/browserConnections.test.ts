import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let page: PageVoices['page'];

beforeAll(async () => {
  collector = await startFakeCollector();
  site = await startTestOrigin('localhost', {
    '/': {
      html: toPageHtml(
        { endpoint: collector.url, features: 'click,fetch,websocket,eventsource' },
        '<button>Connect</button>',
      ),
    },
    '/bare': { html: '<!doctype html><title>Bare</title>' },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await page?.context().close();
  collector.clear();
  ({ page } = await openPage(browser, `${site.url}/`));
});

/** Runs the body of an async function in the page. */
function run<T>(body: string): Promise<T> {
  return page.evaluate<T>(`(async () => { ${body} })()`);
}

const socketUrl = (): string => `${site.url.replace('http', 'ws')}/socket`;

describe('a WebSocket', () => {
  it('is a span until it is open, and a record when it has closed', async () => {
    const code = await run(`
      const socket = new WebSocket('/socket');
      let messages = 0;
      return new Promise((done) => {
        socket.onmessage = () => { if (++messages === 2) socket.send('bye') };
        socket.onclose = (event) => done(event.code);
      })`);
    expect(code).toBe(4001);
    const span = await collector.waitForSpan(isRequestTo('/socket'));
    expect(span).toMatchObject({
      name: 'WebSocket',
      kind: 3,
      attributes: { 'url.full': socketUrl(), 'http.response.status_code': 101 },
    });
    const log = await collector.waitForLog(({ eventName }) => eventName === 'clickspan.connection');
    expect(log).toMatchObject({
      traceId: span.traceId,
      spanId: span.spanId,
      body: 'WebSocket',
      attributes: {
        'url.full': socketUrl(),
        'clickspan.connection.code': 4001,
        'clickspan.connection.messages': 2,
        'clickspan.connection.size': 10,
      },
    });
    expect(log.attributes['clickspan.connection.ms']).toBeGreaterThanOrEqual(0);
  });

  it('that cannot connect is an error, and one that the page closes before is none', async () => {
    await run(`
      await new Promise((done) => { new WebSocket('/refused').onclose = done });
      new WebSocket('/socket').close();`);
    const refused = await collector.waitForSpan(isRequestTo('/refused'));
    expect(refused).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'error' } });
    const closed = await collector.waitForSpan(isRequestTo('/socket'));
    expect(closed).toMatchObject({ status: { code: 0 }, attributes: { 'clickspan.end_reason': 'abort' } });
    expect(collector.logs.filter(({ eventName }) => eventName === 'clickspan.connection')).toEqual([]);
  });

  it('belongs to its click, which does not stay open for it', async () => {
    await page.evaluate(() => {
      document.querySelector('button')!.onclick = () =>
        Object.assign(window, { kept: new WebSocket('/socket') });
    });
    await page.click('button');
    const click = await collector.waitForSpan(hasType('action', 'click Connect'));
    const span = await collector.waitForSpan(isRequestTo('/socket'));
    expect(span.parentSpanId).toBe(click.spanId);
    expect(click.attributes['clickspan.end_reason']).toBeUndefined();
  });

  it('that is open when the page is left is told then', async () => {
    await run(
      `window.kept = new WebSocket('/socket'); await new Promise((done) => { window.kept.onopen = done })`,
    );
    await page.goto(`${site.url}/bare`);
    await collector.waitForLog(({ eventName }) => eventName === 'clickspan.connection');
  });
});

describe('an EventSource', () => {
  it('is a span until it is open, and a record when the page closes it', async () => {
    await run(`
      const source = new EventSource('/events');
      let messages = 0;
      await new Promise((done) => { source.onmessage = () => { if (++messages === 2) done() } });
      source.close();`);
    const span = await collector.waitForSpan(isRequestTo('/events'));
    expect(span).toMatchObject({ name: 'EventSource', attributes: { 'http.response.status_code': 200 } });
    const log = await collector.waitForLog(({ eventName }) => eventName === 'clickspan.connection');
    expect(log).toMatchObject({
      spanId: span.spanId,
      attributes: { 'clickspan.connection.messages': 2, 'clickspan.connection.size': 10 },
    });
    expect(site.latest('/events')!.headers['traceparent']).toBeUndefined();
  });

  it('that is refused is an error', async () => {
    await run(`await new Promise((done) => { new EventSource('/status?code=500').onerror = done })`);
    const span = await collector.waitForSpan(isRequestTo('/status'));
    expect(span.status.code).toBe(2);
  });
});

describe('the classes', () => {
  it('look and work as without the agent', async () => {
    const looks = `
      const facts = [];
      for (const [name, url] of [['WebSocket', '/socket'], ['EventSource', '/events']]) {
        const Class = window[name];
        class Own extends Class { get isOwn() { return true } }
        const plain = new Class(url);
        const own = new Own(url);
        const other = Reflect.construct(Class, [url], Own);
        facts.push(
          Class.name, Class.length, String(Class), Object.getOwnPropertyNames(Class), Class.OPEN, Class.prototype.OPEN,
          plain instanceof Class, own instanceof Own, own instanceof Class, own.isOwn, other.isOwn,
          plain.constructor === Class, Class.prototype.constructor === Class, own.constructor === Own,
          Object.getPrototypeOf(plain) === Class.prototype, Object.prototype.toString.call(plain), Object.keys(plain),
          JSON.stringify(Object.getOwnPropertyDescriptor(Class.prototype, 'constructor')),
          JSON.stringify(Object.getOwnPropertyDescriptor(window, name)), plain.onmessage, plain.readyState,
        );
        for (const wrong of [() => Class(url), () => new Class(), () => new Class('http://%'), () => new Class(Symbol())]) {
          try { wrong(); facts.push('nothing') } catch (error) { facts.push(error.name, error.message) }
        }
        for (const made of [plain, own, other]) made.close();
      }
      return facts`;
    const withAgent = await run(looks);
    await page.goto(`${site.url}/bare`);
    expect(withAgent).toEqual(await run(looks));
  });
});
