import type { Tracer } from '@opentelemetry/api';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  actionOf,
  hasType,
  isRequestTo,
  openPage,
  toPageHtml,
  type PageVoices,
} from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let page: PageVoices['page'];

const BODY = `
<button id="buy">Buy <b>2</b> items</button><button id="idle">Idle</button><a id="link" href="/orders/17">Orders</a>
<a id="fragment" href="#/orders/18">Next</a>
<script>
  document.getElementById('buy').addEventListener('click', async () => {
    for (const until = performance.now() + 40; performance.now() < until; );
    const answer = await fetch('/timing?ms=130');
    await answer.json();
    await Promise.all([fetch('/timing?ms=130&second'), fetch('/timing?ms=130&third')]);
  });
  document.getElementById('link').addEventListener('click', async (event) => {
    event.preventDefault();
    history.pushState(null, '', event.currentTarget.href);
    await fetch('/of-route');
  });
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url, 'service-name': 'shop' };
  site = await startTestOrigin('localhost', {
    '/shop/12': { html: toPageHtml(attributes, BODY) },
    // A browser without the Navigation API and without a scheduler.
    '/older/12': {
      html: `<script>for (const name of ['scheduler', 'navigation']) Object.defineProperty(window, name, { value: undefined })</script>${toPageHtml(attributes, BODY)}`,
    },
    '/streaming': {
      html: toPageHtml(
        attributes,
        `<script>fetch('/endless').then(async (r) => { const reader = r.body.getReader(); await reader.read(); window.reader = reader; });</script>`,
      ),
    },
    '/loading': {
      html: toPageHtml(
        attributes,
        `<script>
           fetch('/slow?ms=150').then((r) => r.json()).then(() => fetch('/then'));
           setInterval(() => fetch('/poll'), 400);
         </script><img src="/slow?ms=80">`,
      ),
      headers: {
        'server-timing': `traceparent;desc="00-${'a'.repeat(32)}-${'b'.repeat(16)}-01", coldstart;dur=77`,
      },
    },
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
});

async function open(path: string): Promise<void> {
  ({ page } = await openPage(browser, site.url + path));
}

describe('a click', () => {
  it('is the root of its requests, lasts until they are done, and tells what it waited for, once', async () => {
    await open('/shop/12');
    await page.click('#buy');
    const action = await collector.waitForSpan(hasType('action', 'click Buy # items'));
    const requests = await collector.waitForSpans(3, isRequestTo('/timing'));
    expect(action).toMatchObject({ parentSpanId: '', kind: 1, status: { code: 0 } });
    expect(action.attributes).toMatchObject({
      'clickspan.action.type': 'click',
      'clickspan.action.requests': 3,
      'clickspan.action.cold_starts': 3,
      'browser.document.url.full': `${site.url}/shop/{id}`,
    });
    const timeOf = (part: string): number => action.attributes[`clickspan.action.${part}_ms`] as number;
    // Two of the three at once; each within its own time.
    expect(timeOf('cold_start')).toBeGreaterThanOrEqual(240);
    expect(timeOf('cold_start')).toBeLessThan(300);
    expect(timeOf('server')).toBeGreaterThanOrEqual(10);
    expect(timeOf('server')).toBeLessThan(20);
    expect(timeOf('network')).toBeGreaterThan(0);
    const waitedMs = timeOf('cold_start') + timeOf('server') + timeOf('network');
    expect(waitedMs).toBeLessThanOrEqual(action.endUnixMs - action.startUnixMs);
    for (const request of requests) {
      expect(request).toMatchObject({ traceId: action.traceId, parentSpanId: action.spanId });
      expect(request.startUnixMs).toBeGreaterThan(action.startUnixMs + 39);
      expect(request.endUnixMs).toBeLessThanOrEqual(action.endUnixMs);
    }
    expect(action.resource).toMatchObject({
      'service.name': 'shop',
      'telemetry.sdk.name': 'clickspan',
      'telemetry.sdk.language': 'webjs',
    });
    expect(action.resource['user_agent.original']).toContain('Chrome');
    expect(Math.abs(action.startUnixMs - Date.now())).toBeLessThan(60_000);
  });

  it('that does nothing is short', async () => {
    await open('/shop/12');
    await page.click('#idle');
    const action = await collector.waitForSpan(hasType('action', 'click Idle'));
    expect(action.endUnixMs - action.startUnixMs).toBeLessThan(250);
    expect(action.attributes['clickspan.action.requests']).toBeUndefined();
  });

  it('that a script makes within the click of a user belongs to that', async () => {
    await open('/shop/12');
    await page.evaluate(() => {
      const idle = document.getElementById('idle')!;
      idle.addEventListener('click', () => document.getElementById('buy')!.click());
    });
    await page.click('#idle');
    const [request] = await collector.waitForSpans(3, isRequestTo('/timing'));
    expect((await actionOf(collector, request!)).name).toBe('click Idle');
  });

  it('keeps spans of the application that are made within it', async () => {
    await open('/shop/12');
    await page.evaluate(() => {
      document.getElementById('idle')!.addEventListener('click', async () => {
        await Promise.resolve();
        const { clickspan } = window as unknown as {
          clickspan: { tracerProvider: { getTracer(name: string): Tracer } };
        };
        const tracer = clickspan.tracerProvider.getTracer('app');
        await tracer.startActiveSpan('work', async (span) => {
          const answer = fetch('/inside');
          span.end();
          await answer;
        });
      });
    });
    await page.click('#idle');
    const request = await collector.waitForSpan(isRequestTo('/inside'));
    const work = await actionOf(collector, request);
    expect(work).toMatchObject({ name: 'work', scope: 'app' });
    expect((await actionOf(collector, work)).name).toBe('click Idle');
  });
});

describe('the load', () => {
  it('is the root of what the page asks for until it has settled, and of no polling after', async () => {
    await open('/loading');
    const load = await collector.waitForSpan(hasType('action', 'load /loading'));
    const slow = await collector.waitForSpan(isRequestTo('/slow'));
    const then = await collector.waitForSpan(isRequestTo('/then'));
    for (const request of [slow, then]) {
      expect(request).toMatchObject({ traceId: load.traceId, parentSpanId: load.spanId });
    }
    // No longer than the document took.
    expect(load.attributes).toMatchObject({ 'clickspan.action.cold_starts': 1 });
    expect(load.attributes['clickspan.action.cold_start_ms']).toBeGreaterThan(0);
    expect(load.attributes['clickspan.action.cold_start_ms']).toBeLessThanOrEqual(77);
    expect(load.links).toEqual([{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }]);
    expect(load.endUnixMs).toBeGreaterThanOrEqual(then.endUnixMs);
    expect(await page.evaluate(() => performance.timeOrigin)).toBeCloseTo(load.startUnixMs, 0);
    // A click now is not taken for the cause of what the page began by itself.
    await page.mouse.click(5, 5);
    await collector.waitForSpan((span) => span.attributes['clickspan.action.type'] === 'click');
    const polls = await collector.waitForSpans(3, isRequestTo('/poll'));
    for (const poll of polls) expect(poll.traceId).toBe(load.traceId);
  });
});

describe('a stream', () => {
  it('that nobody ends does not keep the load open', async () => {
    await open('/streaming');
    const load = await collector.waitForSpan(hasType('action', 'load /streaming'));
    expect(load.endUnixMs - load.startUnixMs).toBeLessThan(20_000);
    expect(load.attributes['clickspan.end_reason']).toBeUndefined();
  });
});

describe('a route', () => {
  it.each(['/shop/12', '/older/12'])(
    'within a click belongs to the click; one through the history is its own: %s',
    async (path) => {
      await open(path);
      await collector.waitForSpan(hasType('action', `load ${path.replace('12', '{id}')}`));
      await page.click('#link');
      const request = await collector.waitForSpan(isRequestTo('/of-route'));
      const click = await actionOf(collector, request);
      expect(click.name).toBe('click Orders');
      expect(click.events).toMatchObject([{ name: 'route', attributes: { 'url.path': '/orders/{id}' } }]);

      await page.evaluate(() => {
        window.addEventListener('popstate', () => void fetch('/of-back'));
      });
      await page.goBack();
      const back = await collector.waitForSpan(isRequestTo('/of-back'));
      const route = await actionOf(collector, back);
      expect(route).toMatchObject({ name: `route ${path.replace('12', '{id}')}`, parentSpanId: '' });
      expect(route.attributes['clickspan.action.type']).toBe('route');
      expect(collector.spans.filter((s) => s.attributes['clickspan.action.type'] === 'route')).toHaveLength(
        1,
      );
    },
  );

  it('by script without a known cause is an action of its own, and causes what follows in its task', async () => {
    await open('/shop/12');
    await collector.waitForSpan(hasType('action', 'load /shop/{id}'));
    await page.evaluate(async () => {
      history.replaceState({ scroll: 1 }, '');
      history.pushState(null, '', '/guide/start?tab=1');
      await Promise.resolve();
      await fetch('/of-script');
    });
    const request = await collector.waitForSpan(isRequestTo('/of-script'));
    expect((await actionOf(collector, request)).name).toBe('route /guide/start');
  });

  it('of a router that keeps its path in the fragment is named by that, and so is the load', async () => {
    await open('/shop/12#/orders/17?tab=secret');
    await collector.waitForSpan(hasType('action', 'load /orders/{id}'));
    await page.evaluate(() => {
      location.hash = '#/guide/start';
    });
    const route = await collector.waitForSpan(hasType('action', 'route /guide/start'));
    expect(route.attributes['browser.document.url.full']).toBe(`${site.url}/shop/{id}`);
  });

  it.each(['/shop/12', '/older/12'])(
    'in the fragment, by a script or a link, belongs to the click that caused it: %s',
    async (path) => {
      await open(path);
      await collector.waitForSpan(hasType('action', `load ${path.replace('12', '{id}')}`));
      await page.evaluate(() => {
        document.getElementById('idle')!.addEventListener('click', () => {
          location.hash = '#/orders/17';
          void fetch('/of-fragment');
        });
      });
      await page.click('#idle');
      await page.click('#fragment');
      const clicks = [hasType('action', 'click Idle'), hasType('action', 'click Next')];
      for (const isClick of clicks) {
        const { events } = await collector.waitForSpan(isClick);
        expect(events).toMatchObject([{ name: 'route', attributes: { 'url.path': '/orders/{id}' } }]);
      }
      const request = await collector.waitForSpan(isRequestTo('/of-fragment'));
      expect((await actionOf(collector, request)).name).toBe('click Idle');
      expect(collector.spans.filter(({ attributes: a }) => a['clickspan.action.type'] === 'route')).toEqual(
        [],
      );
    },
  );
});
