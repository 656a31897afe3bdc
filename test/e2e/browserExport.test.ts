import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  hasType,
  isRequestTo,
  openPage,
  runAndLeave,
  toPageHtml,
  type PageVoices,
} from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { decodeSpans, startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let voices: PageVoices;
let page: PageVoices['page'];

const BUTTONS = `<button id="one">one</button><a id="away" href="/bare">away</a>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint }, BUTTONS) },
    '/refused': { html: toPageHtml({ endpoint: 'http://127.0.0.1:9' }, BUTTONS) },
    '/no-endpoint': { html: toPageHtml({}, BUTTONS) },
    '/bad-options': {
      html: toPageHtml({ endpoint: 'nowhere', 'sample-ratio': '7', features: 'click,fetch,clicks' }, BUTTONS),
    },
    '/unsampled': { html: toPageHtml({ endpoint, 'sample-ratio': '0' }, BUTTONS) },
    '/own-collector': {
      html: `${BUTTONS}<script type="module">
        import { start } from '/clickspan.mjs';
        start({ endpoint: location.origin });
      </script>`,
    },
    '/bare': { html: '<!doctype html><title>Bare</title>' },
    '/twice': {
      html: toPageHtml(
        { endpoint },
        `<script>window.firstFetch = window.fetch</script>
         <script src="/clickspan.js" data-endpoint="${endpoint}"></script>
         <script type="module">
           import { start } from '/clickspan.mjs';
           window.again = start({ endpoint: '${endpoint}' });
         </script>`,
      ),
    },
    '/module': {
      html: `<!doctype html><title>Module</title><script type="module">
        import { start } from '/clickspan.mjs';
        window.agent = start({ endpoint: '${endpoint}', serviceName: 'by import', headers: { 'x-key': 'k' } });
      </script>`,
    },
    '/tampered': {
      html: `<script>
        Object.prototype.extend = 'x';
        Object.prototype.get = () => 'x';
        console.warn = () => { throw new Error('warned') };
        const original = window.fetch;
        window.fetch = (...args) =>
          args[0] === '/mock' ? Promise.resolve({ ok: true }) : Object.assign(original(...args), { cancel: () => 'cancelled' });
      </script>${toPageHtml({ endpoint, 'sample-ratio': 'bad' }, BUTTONS)}`,
    },
    '/strict': {
      html: toPageHtml({ endpoint }, BUTTONS),
      headers: {
        'content-security-policy':
          `default-src 'none'; script-src 'self'; connect-src 'self' ${endpoint}; ` +
          `require-trusted-types-for 'script'; trusted-types 'none'`,
      },
    },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(() => {
  collector.clear();
  collector.behave('ok');
  site.requests.length = 0;
});

afterEach(async () => {
  await page?.context().close();
});

async function open(path: string): Promise<void> {
  voices = await openPage(browser, site.url + path);
  page = voices.page;
}

/** Our own words in the console; the browser adds its own about connections that fail. */
function ownWords(): string[] {
  return voices.console.filter((text) => text.includes('[clickspan]'));
}

const TRACED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;

/** Uses the page as a user would, for a while. */
async function useThePage(times: number): Promise<void> {
  await page.evaluate(() => {
    document.getElementById('one')!.addEventListener('click', async () => {
      const answer = await fetch('/echo');
      await answer.json();
      document.title += '.';
    });
  });
  for (let i = 0; i < times; i++) {
    await page.click('#one');
    await page.waitForTimeout(300);
  }
  await page.waitForFunction((n) => document.title === 'Test' + '.'.repeat(n), times);
}

describe('a page without any collector', () => {
  it.each(['/refused', '/no-endpoint'])('works the same and is quiet: %s', async (path) => {
    await open(path);
    await useThePage(8);
    expect(voices.errors).toEqual([]);
    expect(ownWords().length).toBeLessThanOrEqual(1);
    // The browser speaks once per attempt; a breaker keeps those few.
    expect(voices.console.length).toBeLessThan(6);
    expect(site.latest('/echo')?.headers['traceparent']).toMatch(TRACED);
  });

  it.each(['hang', 'unavailable', 'broken'] as const)('that answers works the same: %s', async (mode) => {
    collector.behave(mode);
    await open('/');
    await useThePage(5);
    expect(voices.errors).toEqual([]);
    expect(ownWords().length).toBeLessThanOrEqual(1);
    expect(collector.requests.length).toBeLessThan(6);
    expect(site.latest('/echo')?.headers['traceparent']).toMatch(TRACED);
  });

  it('gets what it has missed when it is back', async () => {
    collector.behave('unavailable');
    await open('/');
    await useThePage(2);
    await expect.poll(() => collector.requests.length, { timeout: 20_000 }).toBeGreaterThan(1);
    collector.behave('ok');
    await collector.waitForSpans(2, isRequestTo('/echo'), 60_000);
    const ids = collector.spans.map((span) => span.spanId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('leaving the page', () => {
  it('loses neither the click nor a request that has just finished', async () => {
    await open('/');
    await page.evaluate(() => {
      document.getElementById('one')!.addEventListener('click', async () => {
        await fetch('/just-finished');
        location.href = '/bare';
      });
    });
    await page.click('#one');
    const request = await collector.waitForSpan(isRequestTo('/just-finished'));
    const action = await collector.waitForSpan(hasType('action', 'click one'));
    expect(request).toMatchObject({ parentSpanId: action.spanId });
    expect(request.attributes['clickspan.end_reason']).toBeUndefined();
    expect(request.attributes['http.response.status_code']).toBe(200);
  });

  it('reports what is unfinished, and says so', async () => {
    await open('/');
    await page.evaluate(() => {
      document.getElementById('away')!.addEventListener('click', () => {
        void fetch('/hang');
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/hang');
        xhr.send();
      });
    });
    await page.click('#away');
    const requests = await collector.waitForSpans(2, isRequestTo('/hang'));
    for (const request of requests) expect(request.attributes['clickspan.end_reason']).toBe('pagehide');
    const action = await collector.waitForSpan(hasType('action', 'click away'));
    expect(action.attributes['clickspan.end_reason']).toBe('pagehide');
    expect(page.url()).toBe(`${site.url}/bare`);
  });

  it('sends what there is when the tab is closed', async () => {
    await open('/');
    await page.evaluate(() => {
      document.getElementById('one')!.addEventListener('click', () => void fetch('/last'));
    });
    await page.click('#one');
    await expect.poll(() => site.latest('/last'), { timeout: 20_000 }).toBeDefined();
    await page.close({ runBeforeUnload: true });
    await collector.waitForSpan(isRequestTo('/last'));
    await collector.waitForSpan(hasType('action', 'click one'));
  });

  it('sends when the page is hidden, and goes on afterwards', async () => {
    await open('/');
    await page.evaluate(async () => {
      await fetch('/before');
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await collector.waitForSpan(isRequestTo('/before'));
    await page.evaluate(() => fetch('/after').then(() => null));
    await collector.waitForSpan(isRequestTo('/after'));
  });

  it('sends by beacon where requests cannot outlive the page', async () => {
    await open('/bare');
    await page.addInitScript(() => {
      Reflect.deleteProperty(Request.prototype, 'keepalive');
      const send = navigator.sendBeacon.bind(navigator);
      navigator.sendBeacon = (url, data) => {
        sessionStorage.setItem(String(url), 'beacon');
        return send(url, data);
      };
    });
    await page.goto(`${site.url}/own-collector`);
    await page.evaluate(() => {
      document.getElementById('one')!.addEventListener('click', async () => {
        await fetch('/by-beacon');
        location.href = '/bare';
      });
    });
    await page.click('#one');
    await expect.poll(() => site.latest('/v1/traces')?.body, { timeout: 20_000 }).toContain('/by-beacon');
    const beacon = site.latest('/v1/traces')!;
    expect(beacon.headers['content-type']).toBe('application/json');
    const isBeacon = (url: string): string | null => sessionStorage.getItem(url);
    expect(await page.evaluate(isBeacon, `${site.url}/v1/traces`)).toBe('beacon');
    expect(decodeSpans(beacon.body, 0).map(({ name }) => name)).toContain('click one');
  });

  it('goes on when the page is restored, and keeps no page from being kept', async () => {
    await open('/bare');
    await page.addInitScript(() => {
      const types: unknown[] = ((window as { listenedTypes?: unknown[] }).listenedTypes = []);
      // oxlint-disable-next-line typescript/unbound-method -- called with its object below
      const { addEventListener } = EventTarget.prototype;
      EventTarget.prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
        if (this === window) types.push(args[0]);
        Reflect.apply(addEventListener, this, args);
      };
    });
    await page.goto(`${site.url}/`);
    const types = await page.evaluate(() => (window as { listenedTypes?: unknown[] }).listenedTypes);
    expect(types).toContain('pagehide');
    expect(types).not.toContain('unload');
    expect(types).not.toContain('beforeunload');
    await page.evaluate(() => {
      window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      document.getElementById('one')!.addEventListener('click', () => void fetch('/restored'));
    });
    await page.click('#one');
    const request = await collector.waitForSpan(isRequestTo('/restored'));
    expect(request.parentSpanId).not.toBe('');
  });

  it('keeps within what a browser takes from a page that is gone, oldest first', async () => {
    await open('/');
    await collector.waitForSpan(hasType('action', 'load /'));
    await runAndLeave(page, async () => {
      const paths = Array.from({ length: 150 }, (_, n) => `/n${n}/${'x'.repeat(300)}`);
      await Promise.all(paths.map((path) => fetch(path)));
      location.href = '/bare';
    });
    await page.waitForURL(`${site.url}/bare`);
    await collector.waitForSpans(60, hasType('request'));
    for (const { bytes } of collector.requests) expect(bytes).toBeLessThan(64 * 1024);
  });
});

describe('the agent', () => {
  it('runs once, however often it is started', async () => {
    await open('/twice');
    const isSame = await page.evaluate(() => {
      const names = window as unknown as Record<'firstFetch' | 'again' | 'clickspan', unknown>;
      return [names.firstFetch === window.fetch, names.again === names.clickspan];
    });
    expect(isSame).toEqual([true, true]);
    await page.evaluate(() => fetch('/echo').then(() => null));
    await collector.waitForSpan(isRequestTo('/echo'));
    await page.waitForTimeout(700);
    expect(collector.spans.filter(isRequestTo('/echo'))).toHaveLength(1);
  });

  it('works by import, with flush and stop', async () => {
    await open('/module');
    await page.evaluate(async () => {
      const { agent } = window as unknown as { agent: { flush(): Promise<void> } };
      await fetch('/echo');
      await agent.flush();
    });
    expect(collector.spans.filter(isRequestTo('/echo'))).toHaveLength(1);
    expect(collector.spans[0]!.resource['service.name']).toBe('by import');
    expect(collector.requests[0]!.headers['x-key']).toBe('k');
    expect(collector.requests.map(({ path }) => path)).toContain('/v1/traces');
    const texts = await page.evaluate(async () => {
      const { agent } = window as unknown as { agent: { stop(): void } };
      const before = window.fetch;
      agent.stop();
      await fetch('/echo');
      return [before === window.fetch, Function.prototype.toString.call(window.fetch)];
    });
    expect(texts).toEqual([false, 'function fetch() { [native code] }']);
    expect(site.latest('/echo')?.headers['traceparent']).toBeUndefined();
  });

  it('works under a strict content security policy with Trusted Types', async () => {
    await open('/strict');
    await page.click('#one');
    await page.evaluate(() => fetch('/echo').then(() => null));
    await collector.waitForSpan(hasType('action', 'click one'));
    await collector.waitForSpan(isRequestTo('/echo'));
    expect(voices.console).toEqual([]);
    expect(voices.errors).toEqual([]);
  });

  it('works where the page has put functions of its own in place of the browser’s', async () => {
    await open('/tampered');
    const seen = await page.evaluate(async () => {
      const promise = fetch('/echo') as Promise<Response> & { cancel(): string };
      return [promise.cancel(), (await promise).status, (await fetch('/mock')).ok];
    });
    expect(seen).toEqual(['cancelled', 200, true]);
    const request = await collector.waitForSpan(isRequestTo('/echo'));
    const mock = await collector.waitForSpan(isRequestTo('/mock'));
    expect(mock.attributes['clickspan.end_reason']).toBeUndefined();
    expect({ ...request.attributes, ...request.resource }).not.toHaveProperty('extend');
    expect(voices.errors).toEqual([]);
  });

  it('names a bad option once and keeps its default', async () => {
    await open('/bad-options');
    await useThePage(1);
    expect(ownWords().filter((text) => text.includes('data-endpoint'))).toHaveLength(1);
    expect(ownWords().filter((text) => text.includes('data-sample-ratio'))).toHaveLength(1);
    expect(ownWords().filter((text) => text.includes('load, click, route, fetch, xhr'))).toHaveLength(1);
    expect(ownWords().join()).not.toContain('nowhere');
    expect(site.latest('/echo')?.headers['traceparent']).toMatch(/-03$/);
  });

  it('hands an unsampled trace on as such and records nothing', async () => {
    await open('/unsampled');
    await useThePage(1);
    expect(site.latest('/echo')?.headers['traceparent']).toMatch(/-02$/);
    await page.waitForTimeout(1200);
    expect(collector.requests).toEqual([]);
  });

  it('never traces its own exports', async () => {
    await open('/');
    await useThePage(3);
    await collector.waitForSpans(3, isRequestTo('/echo'));
    await page.waitForTimeout(700);
    expect(collector.spans.filter(isRequestTo('/v1/traces'))).toEqual([]);
    for (const { headers } of collector.requests) expect(headers['traceparent']).toBeUndefined();
  });
});
