import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { bundle } from '../support/bundle.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let intake: TestOrigin;
let site: TestOrigin;
let voices: PageVoices;

/** A page that does the same with and without agents; what it saw is in `window.seen`. */
const BODY = `
<button id="buy">Buy</button>
<script>
  window.seen = [];
  window.addEventListener('error', (event) => seen.push('error: ' + event.message));
  window.addEventListener('unhandledrejection', (event) => seen.push('rejection: ' + event.reason));
  document.getElementById('buy').addEventListener('click', async () => {
    const init = { headers: { 'x-own': '1' } };
    const answer = await fetch('/echo?buy', init);
    seen.push('fetch: ' + answer.status + ' ' + answer.url.split('?')[1] + ' ' + (await answer.json())['x-own']);
    seen.push('init: ' + JSON.stringify(init));
    await new Promise((done) => setTimeout(done, 5));
    await new Promise((done) => {
      const xhr = new XMLHttpRequest();
      xhr.open('GET', '/status?code=404');
      xhr.onload = () => { seen.push('xhr: ' + xhr.status); done(); };
      xhr.send();
    });
    await fetch('http://127.0.0.1:1/').catch((error) => seen.push('caught: ' + error.name));
    setTimeout(() => { throw new Error('of the page'); });
    void Promise.reject(new Error('left alone'));
    setTimeout(() => seen.push('done'), 20);
  });
</script>`;
const SEEN = [
  'fetch: 200 buy 1',
  'init: {"headers":{"x-own":"1"}}',
  'xhr: 404',
  'caught: TypeError',
  'rejection: Error: left alone',
  'error: Uncaught Error: of the page',
  'done',
];

const TOKENS = `applicationId: '11111111-1111-4111-8111-111111111111', clientToken: 'pub0', site: 'datadoghq.com'`;

beforeAll(async () => {
  collector = await startFakeCollector();
  intake = await startTestOrigin('127.0.0.1');
  const agents = {
    sentry: await bundle(`
      import * as Sentry from '@sentry/browser';
      Sentry.init({
        dsn: '${intake.url.replace('//', '//public@')}/1',
        integrations: [Sentry.browserTracingIntegration()],
        tracesSampleRate: 1,
      });
      window.other = 'sentry';`),
    datadog: await bundle(`
      import { datadogRum } from '@datadog/browser-rum';
      datadogRum.init({
        ${TOKENS}, proxy: '${intake.url}/datadog', service: 'shop', sessionSampleRate: 100, sessionReplaySampleRate: 0,
        trackUserInteractions: true, trackResources: true, trackLongTasks: true,
      });
      window.other = 'datadog';`),
    'datadog-tracing': await bundle(`
      import { datadogRum } from '@datadog/browser-rum';
      datadogRum.init({
        ${TOKENS}, proxy: '${intake.url}/datadog', service: 'shop', sessionSampleRate: 100, traceSampleRate: 100,
        allowedTracingUrls: [{ match: location.origin, propagatorTypes: ['tracecontext'] }],
      });
      window.other = 'datadog-tracing';`),
  };
  const ours = toPageHtml({ endpoint: collector.url, 'service-name': 'shop' });
  const script = (code: string): string => `<script>${code.replaceAll('</script', '<\\/script')}</script>`;
  const pages: Record<string, { html: string }> = {
    '/alone': { html: ours + BODY },
    '/twice': { html: ours + ours + BODY },
  };
  for (const [name, code] of Object.entries(agents)) {
    pages[`/${name}-before`] = { html: script(code) + ours + BODY };
    pages[`/${name}-after`] = { html: ours + script(code) + BODY };
  }
  site = await startTestOrigin('localhost', pages);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, intake, collector].map((server) => server?.stop()));
});

beforeEach(() => {
  collector.clear();
  site.requests.length = 0;
});

afterEach(async () => {
  await voices?.page.context().close();
});

async function buy(path: string): Promise<string[]> {
  voices = await openPage(browser, site.url + path);
  await voices.page.click('#buy');
  await voices.page.waitForFunction('seen.includes("done")');
  return voices.page.evaluate<string[]>('seen');
}

describe.each(['alone', 'twice', 'sentry-before', 'sentry-after', 'datadog-before', 'datadog-after'])(
  'a page with another agent: %s',
  (name) => {
    it('sees the same, and its click has its requests', async () => {
      expect((await buy(`/${name}`)).toSorted()).toEqual(SEEN.toSorted());
      expect(await voices.page.evaluate('window.other ?? "none"')).toBe(
        /sentry|datadog/.exec(name)?.[0] ?? 'none',
      );
      const action = await collector.waitForSpan(hasType('action', 'click Buy'));
      for (const path of ['/echo', '/status']) {
        const request = await collector.waitForSpan(isRequestTo(path));
        expect(request).toMatchObject({ traceId: action.traceId, parentSpanId: action.spanId });
        expect(site.latest(path)!.headers['traceparent']).toBe(`00-${request.traceId}-${request.spanId}-03`);
      }
      expect(collector.spans.filter(hasType('action', 'click Buy'))).toHaveLength(1);
      expect(collector.spans.filter(isRequestTo('/echo'))).toHaveLength(1);
      // What the page throws itself, and nothing of anyone else's.
      expect(voices.errors.toSorted()).toEqual(['left alone', 'of the page']);
    });

    it('works as before when ours is stopped', async () => {
      voices = await openPage(browser, `${site.url}/${name}`);
      await voices.page.evaluate('clickspan.stop()');
      await voices.page.click('#buy');
      await voices.page.waitForFunction('seen.includes("done")');
      expect((await voices.page.evaluate<string[]>('seen')).toSorted()).toEqual(SEEN.toSorted());
      expect(site.latest('/status')!.headers['traceparent']).toBeUndefined();
    });
  },
);

describe('another agent that stamps requests itself', () => {
  it('is the caller where it came after ours: its header stays, and our span links to it', async () => {
    await buy('/datadog-tracing-after');
    const header = site.latest('/echo')!.headers['traceparent'] as string;
    const request = await collector.waitForSpan(isRequestTo('/echo'));
    expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
    expect(request.links).toEqual([{ traceId: header.slice(3, 35), spanId: header.slice(36, 52) }]);
  });
});
