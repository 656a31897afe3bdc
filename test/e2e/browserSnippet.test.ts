import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Agent } from '@clickspan/browser';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type OriginRequest, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let api: TestOrigin;
let voices: PageVoices;
let page: PageVoices['page'];

const snippet = readFileSync(
  resolve(import.meta.dirname, '../../packages/browser/dist/clickspan.snippet.js'),
  'utf8',
);

interface Early {
  readonly clickspanEarly?: readonly [records: readonly (readonly unknown[])[]];
}

/** A page with the snippet before everything else, and without the agent. */
const toHtml = (attributes: string, script = ''): string =>
  `<!doctype html><title>Early</title><script>window.native = [fetch, XMLHttpRequest.prototype.send];</script>
  <script${attributes}>${snippet}</script><button id="one">one</button><script>${script}</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  api = await startTestOrigin('127.0.0.1');
  site = await startTestOrigin('localhost', {
    '/': {
      html: toHtml(
        ` data-propagate-to="https://other.example,${api.url}"`,
        `fetch('/echo?load');
        document.getElementById('one').addEventListener('click', async () => {
          await null;
          fetch('/slow?ms=10&click');
          const xhr = new XMLHttpRequest();
          xhr.open('PUT', '/echo?xhr');
          xhr.send();
        });`,
      ),
    },
    '/never': {
      html: toHtml(
        ` data-propagate-to="${api.url}" data-never-propagate-to="https://other.example, ${api.url}/echo, /x"`,
        `fetch('/echo?load')`,
      ),
    },
    '/consent': { html: toHtml(' data-consent="required"', `fetch('/echo?load')`) },
    '/unsampled': { html: toHtml(' data-sample-ratio="0"', `fetch('/echo?load')`) },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, api, collector].map((server) => server?.stop()));
});

beforeEach(() => {
  collector.clear();
  site.requests.length = api.requests.length = 0;
});

afterEach(async () => {
  await page?.context().close();
});

async function open(path: string): Promise<void> {
  voices = await openPage(browser, site.url + path);
  page = voices.page;
}

/** Lets the agent come, late. */
async function bringAgent(attributes: Record<string, string> = {}): Promise<void> {
  await page.evaluate(
    (dataset) =>
      new Promise((done) => {
        const script = document.createElement('script');
        Object.assign(script.dataset, dataset);
        script.src = '/clickspan.js';
        script.onload = done;
        document.head.append(script);
      }),
    { endpoint: collector.url, ...attributes },
  );
}

const requestTo = (origin: TestOrigin, url: string): OriginRequest | undefined =>
  origin.requests.find((request) => request.url === url);
const idsOf = (request: OriginRequest | undefined): string[] =>
  String(request?.headers['traceparent']).split('-').slice(1, 3);
const stampOf = (url: string): unknown => requestTo(site, url)?.headers['traceparent'];

describe('what happens before the agent comes', () => {
  it('is in the traces that were stamped, below the load and the click', async () => {
    await open('/');
    await page.click('#one');
    await page.evaluate(() => fetch('/echo?alone').then((response) => response.text()));
    await bringAgent();
    const load = await collector.waitForSpan(hasType('action', 'load /'));
    const click = await collector.waitForSpan(hasType('action', 'click one'));
    const spans = await collector.waitForSpans(4, hasType('request'));
    const bySpanId = new Map(spans.map((span) => [span.spanId, span]));
    const parents = ['/echo?load', '/slow?ms=10&click', '/echo?xhr', '/echo?alone'].map((url) => {
      const [traceId, spanId] = idsOf(requestTo(site, url));
      const span = bySpanId.get(spanId!)!;
      expect(span.traceId).toBe(traceId);
      expect(span.attributes['http.response.status_code']).toBe(200);
      return span.parentSpanId;
    });
    expect(parents).toEqual([load.spanId, click.spanId, click.spanId, '']);
    expect([load, click].map(({ parentSpanId }) => parentSpanId)).toEqual(['', '']);
    expect(new Set(spans.map(({ attributes }) => attributes['http.request.method']))).toEqual(
      new Set(['GET', 'PUT']),
    );
    expect(click.startUnixMs).toBeGreaterThan(load.startUnixMs);
    const slow = bySpanId.get(idsOf(requestTo(site, '/slow?ms=10&click'))[1]!)!;
    expect(slow.startUnixMs).toBeGreaterThanOrEqual(click.startUnixMs);
    expect(slow.endUnixMs - slow.startUnixMs).toBeGreaterThanOrEqual(9);
    expect(voices.errors).toEqual([]);
  });

  it('ends when it ends, be it when the agent is there, and what follows belongs to the same click', async () => {
    await open('/');
    await page.evaluate(() => {
      document.getElementById('one')!.addEventListener('click', () => {
        void fetch('/slow?ms=1500').then(() => fetch('/echo?after'));
      });
    });
    await page.click('#one');
    await bringAgent();
    const click = await collector.waitForSpan(hasType('action', 'click one'));
    const slow = await collector.waitForSpan(
      ({ attributes }) => String(attributes['url.full']).includes('ms=') && hasType('request') !== null,
    );
    expect(slow.traceId).toBe(click.traceId);
    await expect.poll(() => stampOf('/echo?after')).toContain(click.traceId);
    expect(click.endUnixMs - click.startUnixMs).toBeGreaterThan(1400);
  });

  it('is kept when it fails, too', async () => {
    await open('/');
    await page.evaluate(async () => {
      setTimeout(() => {
        throw new RangeError('too early');
      });
      await fetch('http://127.0.0.1:9/').catch(() => {});
      const controller = new AbortController();
      const aborted = fetch('/hang', { signal: controller.signal }).catch(() => {});
      controller.abort();
      await aborted;
    });
    await bringAgent();
    const log = await collector.waitForLog(
      ({ attributes }) => attributes['exception.message'] === 'too early',
    );
    expect(log.attributes['exception.type']).toBe('RangeError');
    const aborted = await collector.waitForSpan(isRequestTo('/hang'));
    expect(aborted.attributes['clickspan.end_reason']).toBe('abort');
    const failed = await collector.waitForSpan(({ attributes }) => attributes['server.port'] === 9);
    expect(failed.attributes['error.type']).toBe('TypeError');
  });

  it('is stamped only where it may be, and never over the caller’s own', async () => {
    await open('/');
    const own = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const untouched = await page.evaluate(
      async ([listed, other, traceparent]) => {
        const init = { headers: { 'x-own': '1' } };
        const before = JSON.stringify(init);
        await fetch(`${listed}/echo?listed`, init);
        await fetch(`${other}/echo?other`);
        await fetch(`/echo?q=${listed}/`, { headers: { TraceParent: traceparent! } });
        await fetch(new Request('/echo?request', { headers: { 'x-own': '2' } }));
        await fetch(new URL('/echo?url', location.href), { method: 'post', body: 'x' });
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/echo?xhr-own');
        xhr.setRequestHeader('traceparent', traceparent!);
        await new Promise((done) => {
          xhr.onloadend = done;
          xhr.send();
        });
        return JSON.stringify(init) === before && fetch.length === 1 && fetch.name === 'fetch';
      },
      [api.url, api.url.replace('127.0.0.1', 'localhost'), own],
    );
    expect(untouched).toBe(true);
    expect(requestTo(api, '/echo?listed')?.headers['traceparent']).toMatch(
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/,
    );
    expect(requestTo(api, '/echo?listed')?.headers['x-own']).toBe('1');
    expect(requestTo(api, '/echo?other')?.headers['traceparent']).toBeUndefined();
    expect(stampOf(`/echo?q=${api.url}/`)).toBe(own);
    expect(stampOf('/echo?xhr-own')).toBe(own);
    expect(stampOf('/echo?request')).toBeUndefined();
    expect(requestTo(site, '/echo?request')?.headers['x-own']).toBe('2');
    expect(stampOf('/echo?url')).toMatch(/-03$/);
    expect(requestTo(site, '/echo?url')).toMatchObject({ method: 'POST', body: 'x' });
  });

  it('is never stamped where it must not be', async () => {
    await open('/never');
    await page.evaluate(async (url) => {
      await fetch(`${url}/slow?ms=0`);
      await fetch(`${url}/echo?never`);
      const xhr = new XMLHttpRequest();
      xhr.open('GET', `${url}/echo/never`);
      await new Promise((done) => {
        xhr.onloadend = done;
        xhr.send();
      });
    }, api.url);
    const isStamped = api.requests.map(({ url, headers }) => [url, 'traceparent' in headers]);
    expect(isStamped).toEqual([
      ['/slow?ms=0', true],
      ['/echo?never', false],
      ['/echo/never', false],
    ]);
    expect(stampOf('/echo?load')).toBeDefined();
    await bringAgent();
    await collector.waitForSpans(4, hasType('request'));
  });

  it('gives the browser’s functions back', async () => {
    await open('/');
    await bringAgent();
    const isBack = await page.evaluate(() => {
      const { native, clickspan } = window as unknown as { native: unknown[]; clickspan: Agent };
      clickspan.stop();
      return native[0] === fetch && native[1] === XMLHttpRequest.prototype.send;
    });
    expect(isBack).toBe(true);
    expect(await page.evaluate(() => (window as unknown as Early).clickspanEarly)).toBeUndefined();
  });

  it('is stamped as unsampled where the session is not recorded', async () => {
    await open('/unsampled');
    await expect.poll(() => stampOf('/echo?load')).toMatch(/-02$/);
  });

  it('is neither kept nor stamped where consent is to be asked for', async () => {
    await open('/consent');
    await page.evaluate(() => fetch('/echo?later').then((response) => response.text()));
    expect(stampOf('/echo?later')).toBeUndefined();
    const left = await page.evaluate(() => [
      (window as unknown as Early).clickspanEarly,
      (window as unknown as { native: unknown[] }).native[0] === fetch,
    ]);
    expect(left).toEqual([undefined, true]);
  });

  it('is bounded while the agent never comes, and the page goes on', async () => {
    await open('/');
    const seen = await page.evaluate(async () => {
      for (let i = 0; i < 150; i++) await (await fetch('/echo?n')).text();
      dispatchEvent(new ErrorEvent('error'));
      const unhandled = new Promise((done) => addEventListener('unhandledrejection', done));
      void fetch('http://127.0.0.1:9/');
      await unhandled;
      return (window as unknown as Early).clickspanEarly![0].map((record) => record.length > 3);
    });
    expect(seen).toHaveLength(99);
    const stamped = site.requests.filter(({ headers }) => headers['traceparent']);
    expect(stamped).toHaveLength(seen.filter(Boolean).length);
    await expect.poll(() => voices.errors).toEqual(['Failed to fetch']);
  });
});
