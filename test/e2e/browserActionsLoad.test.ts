import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actionOf, hasType, isRequestTo, openPage, toPageHtml } from '../support/agentPage.ts';
import { launchChromium, openUnsteered } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url };
  site = await startTestOrigin('localhost', {
    // Goes to the other page once that says that it has been rendered.
    '/from': {
      html: `<!doctype html><title>From</title>
        <script>addEventListener('storage', ({ key }) => key === 'rendered' && (location.href = '/rendered'))</script>
        <script type="speculationrules">{ "prerender": [{ "urls": ["/rendered"], "eagerness": "immediate" }] }</script>`,
    },
    '/rendered': {
      html: toPageHtml(
        attributes,
        `<script>
           document.addEventListener('prerenderingchange', () => fetch('/shown'));
           fetch('/before').then(() => new Promise((done) => setTimeout(done, 300))).then(() => (localStorage.rendered = Math.random()));
         </script>`,
      ),
    },
    '/joined': {
      html: toPageHtml(
        attributes,
        `<script>
           history.replaceState(null, '', '/moved');
           fetch('/early');
           addEventListener('load', () => fetch('/loaded'));
         </script>`,
      ),
    },
    '/restored': {
      html: toPageHtml(
        attributes,
        `<script>addEventListener('pageshow', (event) => event.persisted && fetch('/again'))</script>`,
      ),
    },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(() => collector.clear());

describe('the load', () => {
  it('of a page that was rendered in advance begins when it is shown', async () => {
    const close = await openUnsteered(`${site.url}/from`);
    try {
      const load = await collector.waitForSpan(hasType('action', 'load /rendered'));
      const before = await collector.waitForSpan(isRequestTo('/before'));
      const shown = await collector.waitForSpan(isRequestTo('/shown'));
      expect(load.attributes['clickspan.action.navigation_type']).toBe('prerender');
      expect(load.startUnixMs).toBeGreaterThan(before.endUnixMs + 290);
      expect(load.endUnixMs - load.startUnixMs).toBeLessThan(2000);
      // Nobody has waited for it.
      expect(before.parentSpanId).toBe('');
      expect(shown).toMatchObject({ traceId: load.traceId, parentSpanId: load.spanId });
      expect(collector.spans.filter(hasType('action', 'load /rendered'))).toHaveLength(1);
    } finally {
      await close();
    }
  });

  it('is the cause of what the page does at once and when it has loaded, and has the name of where it began', async () => {
    const { page } = await openPage(browser, `${site.url}/joined`);
    const load = await collector.waitForSpan(hasType('action', 'load /joined'));
    for (const path of ['/early', '/loaded']) {
      const request = await collector.waitForSpan(isRequestTo(path));
      expect(request).toMatchObject({ traceId: load.traceId, parentSpanId: load.spanId });
    }
    expect(load.attributes['browser.document.url.full']).toBe(`${site.url}/joined`);
    expect(load.events).toMatchObject([{ name: 'route', attributes: { 'url.path': '/moved' } }]);
    await page.context().close();
  });

  it('says how the page was come to', async () => {
    const { page } = await openPage(browser, `${site.url}/restored`);
    const load = await collector.waitForSpan(hasType('action', 'load /restored'));
    expect(load.attributes['clickspan.action.navigation_type']).toBe('navigate');
    expect(load.attributes['clickspan.action.network_ms']).toBeGreaterThan(0);
    collector.clear();
    await page.reload();
    const reload = await collector.waitForSpan(hasType('action', 'load /restored'));
    expect(reload.attributes['clickspan.action.navigation_type']).toBe('reload');
    await page.context().close();
  });

  // What the browser does, by an event that says so: the packaged Chromium keeps no pages. Firefox does, in its own test.
  it('of a page that is restored is an action of its own', async () => {
    const { page } = await openPage(browser, `${site.url}/restored`);
    await collector.waitForSpan(hasType('action', 'load /restored'));
    await page.evaluate(() => {
      window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
    const again = await collector.waitForSpan(isRequestTo('/again'));
    const load = await actionOf(collector, again);
    expect(load).toMatchObject({ name: 'load /restored', parentSpanId: '' });
    expect(load.attributes['clickspan.action.navigation_type']).toBe('back_forward_cache');
    await page.context().close();
  });
});
