import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;

beforeAll(async () => {
  collector = await startFakeCollector();
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint: collector.url }, '<button id="buy">Buy</button>') },
    // Other features have observers of their own.
    '/requests': { html: toPageHtml({ endpoint: collector.url, features: 'fetch' }) },
    '/module': {
      html: `<button id="buy">Buy</button><script type="module">
        import { start } from '/clickspan.mjs';
        start({ endpoint: '${collector.url}' });
      </script>`,
    },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.stop();
});

beforeEach(() => collector.clear());

describe('the OpenTelemetry edition', () => {
  it.each(['/', '/module'])(
    'has the spans of requests from its instrumentations, those of actions from the agent: %s',
    async (path) => {
      const { page } = await openPage(browser, site.url + path);
      await page.evaluate(() => {
        document.getElementById('buy')!.addEventListener('click', () => {
          void fetch('/by-fetch', { method: 'POST' });
          const xhr = new XMLHttpRequest();
          xhr.open('get', '/by-xhr');
          xhr.send();
        });
      });
      await page.click('#buy');
      const action = await collector.waitForSpan(hasType('action', 'click Buy'));
      const byFetch = await collector.waitForSpan(isRequestTo('/by-fetch'));
      const byXhr = await collector.waitForSpan(isRequestTo('/by-xhr'));
      expect(action.scope).toBe('@clickspan/browser');
      // Nothing of what the instrumentations are shown keeps the action open.
      expect(action.attributes['clickspan.end_reason']).toBeUndefined();
      expect(byFetch).toMatchObject({
        scope: '@opentelemetry/instrumentation-fetch',
        name: 'POST',
        kind: 3,
        parentSpanId: action.spanId,
      });
      expect(byXhr).toMatchObject({
        scope: '@opentelemetry/instrumentation-xml-http-request',
        name: 'GET',
        kind: 3,
        parentSpanId: action.spanId,
      });
      await page.context().close();
    },
  );

  it('observes no resource timings for each call, and no other thing', async () => {
    const { page } = await openPage(browser, `${site.url}/requests`);
    const observers = await page.evaluate(async () => {
      let made = 0;
      window.PerformanceObserver = class extends PerformanceObserver {
        constructor(callback: PerformanceObserverCallback) {
          super(callback);
          made++;
        }
      };
      for (let i = 0; i < 5; i++) await fetch(`/call${i}`).then((response) => response.text());
      return made;
    });
    expect(observers).toBeLessThanOrEqual(1);
    await page.context().close();
  });
});
