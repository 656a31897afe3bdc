import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  hasType,
  isRequestTo,
  openPage,
  runAndLeave,
  toPageHtml,
  type PageVoices,
} from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let api: TestOrigin;
let page: PageVoices['page'];

beforeAll(async () => {
  collector = await startFakeCollector();
  api = await startTestOrigin('127.0.0.1');
  const attributes = { endpoint: collector.url, 'propagate-to': api.url, graphql: 'true' };
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ ...attributes, features: 'click,fetch,xhr,beacon' }) },
    '/load': {
      html: toPageHtml(
        { ...attributes, features: 'load' },
        `<meta name="traceparent" content="00-${'a'.repeat(32)}-${'b'.repeat(16)}-01"><img src="/slow?ms=30">`,
      ),
    },
    '/next': { html: '<!doctype html><title>Next</title>' },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, api, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await page?.context().close();
  for (const origin of [site, api]) origin.requests.length = 0;
  collector.clear();
  ({ page } = await openPage(browser, `${site.url}/`));
  await page.evaluate((url) => void Object.assign(window, { api: url }), api.url);
});

/** Runs the body of an async function in the page. */
function run<T>(body: string): Promise<T> {
  return page.evaluate<T>(`(async () => { ${body} })()`);
}

describe('where the time of a request went', () => {
  it.each<[how: string, body: string]>([
    ['fetch', `await (await fetch('/trickle?ms=200')).text()`],
    [
      'XHR',
      `await new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', '/trickle?ms=200'); x.onload = d; x.send() })`,
    ],
  ])('is told, and it ends with its body: %s', async (_how, body) => {
    await run(body);
    const entry = await run<{ downloadMs: number; endUnixMs: number }>(
      `const e = performance.getEntriesByType('resource').filter((e) => e.name.includes('/trickle')).at(-1);
       return { downloadMs: e.responseEnd - e.responseStart, endUnixMs: e.responseEnd + performance.timeOrigin }`,
    );
    const span = await collector.waitForSpan(isRequestTo('/trickle'));
    expect(span.attributes['clickspan.download_ms']).toBeCloseTo(entry.downloadMs, 1);
    expect(span.attributes).toMatchObject({
      'http.response.body.size': 2,
      'network.protocol.version': '1.1',
    });
    expect(span.endUnixMs).toBeCloseTo(entry.endUnixMs, 1);
  });

  it('tells what another origin allows: sizes, and the preflight', async () => {
    await run(`await (await fetch(api + '/compressed')).text()`);
    const { attributes } = await collector.waitForSpan(isRequestTo('/compressed'));
    expect(attributes['clickspan.decoded_size']).toBe(10_000);
    expect(attributes['http.response.body.size']).toBeLessThan(200);
    expect(attributes['clickspan.preflight_ms']).toBeGreaterThan(0);
  });

  it('says what came out of the cache', async () => {
    await run(`for (const n of [1, 2]) await (await fetch('/cached')).text()`);
    const spans = await collector.waitForSpans(2, isRequestTo('/cached'));
    expect(spans.map(({ attributes }) => attributes['clickspan.cache'])).toEqual([undefined, 'hit']);
  });

  it('is that of the very request where several run to one address', async () => {
    // Each has another size, so that a mistake shows.
    await run(`
      const sizes = [4, 1, 3, 2];
      await Promise.all(sizes.map((n) => fetch('/echo', { headers: { 'x-own': 'x'.repeat(1000 * n) } }).then((r) => r.text())));`);
    const spans = await collector.waitForSpans(4, isRequestTo('/echo'));
    const toStamp = ({ traceId, spanId }: { traceId: string; spanId: string }): string =>
      `00-${traceId}-${spanId}-03`;
    for (const span of spans) {
      const sent = site.requests.find(({ headers }) => headers['traceparent'] === toStamp(span))!;
      const size = JSON.stringify(sent.headers).length;
      expect(span.attributes['http.response.body.size']).toBe(size);
    }
  });

  it('is not waited for when the page is left: nothing of what was answered is lost', async () => {
    await runAndLeave(page, async () => {
      for (let n = 0; n < 20; n++) await fetch(`/echo?${n}`);
      location.href = '/next';
    });
    const spans = await collector.waitForSpans(20, isRequestTo('/echo'));
    expect(spans.every(({ attributes }) => attributes['http.response.status_code'] === 200)).toBe(true);
  });
});

describe('a request that is sent again by the page', () => {
  it('says so after a failure within the same click, and not in the next', async () => {
    await page.evaluate(() => {
      document.body.append(document.createElement('button'));
      document.querySelector('button')!.addEventListener('click', async () => {
        for (let tries = 0; tries < 3; tries++) {
          if ((await fetch('/status?code=503')).ok) return;
        }
      });
    });
    await page.click('button');
    const first = await collector.waitForSpans(3, isRequestTo('/status'));
    expect(first.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2]);
    await page.click('button');
    const all = await collector.waitForSpans(6, isRequestTo('/status'));
    expect(all[3]!.attributes['http.request.resend_count']).toBeUndefined();
  });
});

describe('GraphQL', () => {
  it.each<[how: string, body: string]>([
    ['fetch', `await fetch('/graphql', { method: 'POST', body })`],
    [
      'XHR',
      `await new Promise(d => { const x = new XMLHttpRequest(); x.open('POST', '/graphql'); x.onload = d; x.send(body) })`,
    ],
  ])('names the operation: %s', async (_how, body) => {
    await run(`const body = JSON.stringify({ query: 'mutation Pay { pay }', variables: {} }); ${body}`);
    const span = await collector.waitForSpan(isRequestTo('/graphql'));
    expect(span.attributes).toMatchObject({
      'graphql.operation.name': 'Pay',
      'graphql.operation.type': 'mutation',
    });
    expect(span.name).toBe('POST mutation Pay');
    expect(site.latest('/graphql')!.body).toContain('mutation Pay');
  });
});

describe('a beacon', () => {
  it('is recorded with its answer, and not stamped', async () => {
    expect(await run(`return navigator.sendBeacon('/beacon', 'text')`)).toBe(true);
    const span = await collector.waitForSpan(isRequestTo('/beacon'));
    expect(span).toMatchObject({
      name: 'POST',
      kind: 3,
      attributes: { 'http.response.status_code': 200 },
    });
    expect(site.latest('/beacon')).toMatchObject({ method: 'POST', body: 'text' });
    expect(site.latest('/beacon')!.headers['traceparent']).toBeUndefined();
  });

  it('that the page sends as its last word is not lost', async () => {
    await runAndLeave(page, () => {
      addEventListener('pagehide', () => void navigator.sendBeacon('/last', 'text'));
      location.href = '/next';
    });
    await collector.waitForSpan(isRequestTo('/last'));
  });

  it('is refused as without the agent', async () => {
    const refused = `
      const results = [navigator.sendBeacon('/big', new Uint8Array(70_000))];
      for (const args of [[], ['http://%'], ['ftp://x/']]) {
        try { results.push(navigator.sendBeacon(...args)) } catch (error) { results.push(error.name, error.message) }
      }
      const { name, length } = navigator.sendBeacon;
      return [...results, name, length, String(navigator.sendBeacon)]`;
    const withAgent = await run(refused);
    const { attributes } = await collector.waitForSpan(isRequestTo('/big'));
    expect(attributes['error.type']).toBe('refused');
    await page.goto(`${site.url}/next`);
    expect(withAgent).toEqual(await run(refused));
  });
});

describe('the load', () => {
  it('tells where the time of its document went, and is linked to the server span that made it', async () => {
    await page.goto(`${site.url}/load`);
    const span = await collector.waitForSpan(hasType('action', 'load /load'));
    expect(span.links).toEqual([{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }]);
    expect(span.attributes['network.protocol.version']).toBe('1.1');
    const times = ['dom_interactive', 'dom_content_loaded', 'loaded'].map(
      (name) => span.attributes[`clickspan.${name}_ms`] as number,
    );
    expect(times[0]).toBeGreaterThan(0);
    expect(times[1]).toBeGreaterThanOrEqual(times[0]!);
    expect(times[2]).toBeGreaterThan(times[1]!);
    expect(span.attributes['http.response.body.size']).toBeGreaterThan(100);
  });
});
