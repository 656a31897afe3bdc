import type { Agent } from '@clickspan/browser';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedSpan } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let page: Page;

const BUTTONS = `<button id="one">one</button>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint }, BUTTONS) },
    '/plain': {
      html: toPageHtml({ endpoint, 'plain-text': 'true', headers: 'x-key=k' }, BUTTONS),
    },
    '/not-offline': { html: toPageHtml({ endpoint, offline: 'false' }, BUTTONS) },
    '/away': { html: toPageHtml({ endpoint: 'http://127.0.0.1:9' }, BUTTONS) },
    '/bare': { html: '<!doctype html><title>Bare</title>' },
    '/leaving': {
      html: toPageHtml(
        { endpoint },
        `<script type="module">
          const n = Number(new URLSearchParams(location.search).get('n'));
          await fetch('/echo?n=' + n);
          location.href = n ? '/leaving?n=' + (n - 1) : '/bare';
        </script>`,
      ),
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
});

afterEach(async () => {
  await page?.context().close();
});

async function open(path: string): Promise<void> {
  ({ page } = await openPage(browser, site.url + path));
}

/** Waits until the load has been sent, so that nothing else is on its way. */
async function settle(): Promise<void> {
  await collector.waitForSpan(hasType('action'));
}

const traceRequests = (): FakeCollector['requests'] =>
  collector.requests.filter(({ path }) => path === '/v1/traces');
const idsOf = (spans: readonly ReceivedSpan[]): string[] => spans.map(({ spanId }) => spanId);

/** Makes spans at once, without a context. */
async function makeSpans(count: number, size = 0): Promise<void> {
  await page.evaluate(
    ([n, length]) => {
      const tracer = (window as unknown as { clickspan: Agent }).clickspan.tracerProvider.getTracer('page');
      const filling = Array.from({ length: length! / 10 }, () => Math.random().toString(36).slice(2, 12));
      for (let i = 0; i < n!; i++) {
        tracer.startSpan(`made ${i}`, { root: true, attributes: { filling: filling.join('') } }).end();
      }
    },
    [count, size],
  );
}

/** Makes three spans and lets the collector refuse them. */
async function refuseSpans(): Promise<void> {
  await makeSpans(3);
  await page.evaluate(() => (window as unknown as { clickspan: Agent }).clickspan.flush());
}

describe('a page that sends', () => {
  it('compresses what is worth it', async () => {
    await open('/');
    await settle();
    await makeSpans(50);
    await collector.waitForSpans(50, ({ name }) => name.startsWith('made'));
    const { headers, bytes, body } = traceRequests().at(-1)!;
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-type']).toBe('application/json');
    expect(bytes).toBeLessThan(body.length / 4);
  });

  it('sends plain text without a preflight where that is wanted', async () => {
    await open('/plain');
    await settle();
    await makeSpans(50);
    await collector.waitForSpans(50, ({ name }) => name.startsWith('made'));
    for (const { headers } of traceRequests()) {
      expect(headers['content-type']).toBe('text/plain;charset=UTF-8');
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers['x-key']).toBeUndefined();
    }
    expect(collector.preflights).toBe(0);
  });

  it('goes on plain where a collector does not let pages send anything compressed', async () => {
    collector.behave('no-gzip');
    await open('/');
    await settle();
    await makeSpans(50);
    await collector.waitForSpans(50, ({ name }) => name.startsWith('made'));
    await makeSpans(50);
    await collector.waitForSpans(100, ({ name }) => name.startsWith('made'));
    expect(collector.spans.filter(({ name }) => name.startsWith('made'))).toHaveLength(100);
  });

  it('keeps actions from being held open by its own doing', async () => {
    await open('/');
    await settle();
    await page.click('#one');
    const click = await collector.waitForSpan(hasType('action', 'click one'));
    expect(click.attributes['clickspan.end_reason']).toBeUndefined();
    expect(click.endUnixMs - click.startUnixMs).toBeLessThan(400);
  });
});

describe('a page that is left', () => {
  const NAVIGATIONS = 20;

  it('loses no request that has ended right before, and sends none twice', async () => {
    await open('/bare');
    await page.goto(`${site.url}/leaving?n=${NAVIGATIONS - 1}`);
    await page.waitForURL('**/bare');
    const spans = await collector.waitForSpans(NAVIGATIONS, isRequestTo('/echo'));
    expect(new Set(spans.map(({ attributes }) => attributes['url.full'])).size).toBe(1);
    expect(new Set(idsOf(spans)).size).toBe(NAVIGATIONS);
    await page.waitForTimeout(300);
    const all = collector.spans;
    expect(new Set(idsOf(all)).size).toBe(all.length);
  });

  it('loses nothing that is more than may outlive it', async () => {
    await open('/');
    await settle();
    await makeSpans(60, 2000);
    await page.goto(`${site.url}/?next`);
    const spans = await collector.waitForSpans(60, ({ name }) => name.startsWith('made'));
    expect(new Set(idsOf(spans)).size).toBe(60);
    await page.waitForTimeout(700);
    expect(collector.spans.filter(({ name }) => name.startsWith('made'))).toHaveLength(60);
  });

  it('keeps what the collector did not take for the next page', async () => {
    collector.behave('unavailable');
    await open('/');
    await refuseSpans();
    await page.goto(`${site.url}/bare`);
    const kept = await page.evaluate(() => Object.keys(localStorage));
    expect(kept.some((key) => key.startsWith('clickspan.unsent.'))).toBe(true);
    collector.behave('slow', 1000);
    collector.clear();
    await page.goto(`${site.url}/?next`);
    const spans = await collector.waitForSpans(3, ({ name }) => name.startsWith('made'));
    expect(spans.every(({ resource }) => resource['service.name'] === 'localhost')).toBe(true);
    // A browser forgets a page that is left with a lock, where it would have kept it for the way back.
    const locks = await page.evaluate(() => navigator.locks.query());
    expect([...locks.held!, ...locks.pending!]).toEqual([]);
    await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes('unsent')));
  });

  it('asks for no lock where nothing was kept', async () => {
    ({ page } = await openPage(browser, `${site.url}/bare`));
    await page.addInitScript(() => {
      const request = navigator.locks.request.bind(navigator.locks);
      navigator.locks.request = (async (...args: Parameters<typeof request>) => {
        document.title = 'Locked';
        return request(...args);
      }) as LockManager['request'];
    });
    await page.goto(`${site.url}/`);
    await settle();
    expect(await page.title()).not.toBe('Locked');
  });

  it('keeps nothing where that is not wanted', async () => {
    collector.behave('unavailable');
    await open('/not-offline');
    await refuseSpans();
    await page.goto(`${site.url}/bare`);
    const kept = await page.evaluate(() => Object.keys(localStorage));
    expect(kept.filter((key) => key.startsWith('clickspan.unsent.'))).toEqual([]);
  });
});

describe('a page whose renderer ends without a word', () => {
  /** How many records each page has that were made right before. */
  const SPANS = 5;

  it.each(['crash', 'kill'] as const)('has left its last batch with the browser: %s', async (how) => {
    await open('/');
    await settle();
    await page.waitForTimeout(700);
    const client = await page.context().newCDPSession(page);
    await makeSpans(SPANS);
    // Less than it takes until it sends by itself.
    await page.waitForTimeout(250);
    expect(collector.spans.filter(({ name }) => name.startsWith('made'))).toEqual([]);
    await end(how, client);
    const spans = await collector.waitForSpans(SPANS, ({ name }) => name.startsWith('made'));
    expect(new Set(idsOf(spans)).size).toBe(SPANS);
  });

  it('has not left what was sent', async () => {
    await open('/');
    await settle();
    const client = await page.context().newCDPSession(page);
    await makeSpans(SPANS);
    await collector.waitForSpans(SPANS, ({ name }) => name.startsWith('made'));
    await page.waitForTimeout(200);
    await end('kill', client);
    await new Promise((done) => setTimeout(done, 500));
    expect(collector.spans.filter(({ name }) => name.startsWith('made'))).toHaveLength(SPANS);
  });
});

async function end(how: 'crash' | 'kill', client: CDPSession): Promise<void> {
  const crashed = page.waitForEvent('crash');
  if (how === 'crash') void client.send('Page.crash').catch(() => {});
  else {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    for (const { type, id } of processInfo) if (type === 'renderer') process.kill(id, 'SIGKILL');
  }
  await crashed;
}
