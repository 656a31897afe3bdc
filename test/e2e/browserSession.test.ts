import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, toPageHtml } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedLog } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let context: BrowserContext;
let collector: FakeCollector;
let site: TestOrigin;

const BUTTONS = `
<button id="one" onclick="fetch('/of-one')">one</button>
<button id="two" onclick="fetch('/of-two')">two</button>
<iframe id="frame" hidden></iframe>`;
const MINUTE_MS = 60_000;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint }, BUTTONS) },
    '/half': { html: toPageHtml({ endpoint, 'sample-ratio': '0.5' }, BUTTONS) },
    '/sandboxed': {
      html: toPageHtml({ endpoint }, BUTTONS),
      headers: { 'content-security-policy': 'sandbox allow-scripts' },
    },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  collector.clear();
  site.requests.length = 0;
  context = await browser.newContext();
  // The page's wall clock, which tests can put forward.
  await context.addInitScript(() => {
    const { now } = Date;
    const page = window as unknown as { shiftMs?: number };
    Date.now = () => now() + (page.shiftMs ?? 0);
  });
});

afterEach(() => context.close());

async function open(path = '/'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.url + path, { waitUntil: 'load' });
  return page;
}

/** As if so long had passed since the page was opened. */
const shift = (page: Page, ms: number): Promise<void> =>
  page.evaluate((shiftMs) => {
    (window as unknown as { shiftMs?: number }).shiftMs = shiftMs;
  }, ms);

/** Clicks, and gives the session of the request that follows. */
async function clickIn(page: Page, id: 'one' | 'two' = 'one'): Promise<string> {
  const before = collector.spans.filter(isRequestTo(`/of-${id}`)).length;
  await page.click(`#${id}`);
  const spans = await collector.waitForSpans(before + 1, isRequestTo(`/of-${id}`));
  return spans.at(-1)!.attributes['session.id'] as string;
}

const events = (): ReceivedLog[] =>
  collector.logs.filter(({ eventName }) => eventName.startsWith('session.'));
const stored = (page: Page): Promise<string | null> =>
  page.evaluate(() => localStorage.getItem('clickspan.session'));

describe('a session', () => {
  it('is on every record of its pages, and tells its start once', async () => {
    const pages = await Promise.all([open(), open(), open()]);
    for (const page of pages) await clickIn(page);
    await collector.waitForSpans(3, hasType('action', 'load /'));
    await collector.waitForSpans(3, hasType('action', 'click one'));
    const start = await collector.waitForLog(({ eventName }) => eventName === 'session.start');
    const id = start.attributes['session.id'] as string;
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(start.attributes).not.toHaveProperty('session.previous_id');
    expect(new Set(collector.spans.map(({ attributes }) => attributes['session.id']))).toEqual(new Set([id]));
    expect(events()).toHaveLength(1);
    expect(await stored(pages[0])).toContain(id);
  });

  it('goes on over a reload, and in a page that is opened later', async () => {
    const page = await open();
    const id = await clickIn(page);
    await page.reload({ waitUntil: 'load' });
    expect(await clickIn(page)).toBe(id);
    expect(await clickIn(await open())).toBe(id);
    expect(events()).toHaveLength(1);
  });

  it('is another one when the user comes back after a long time, in all pages', async () => {
    const page = await open();
    const other = await open();
    const first = await clickIn(page);
    for (const each of [page, other]) await shift(each, 31 * MINUTE_MS);
    const second = await clickIn(page);
    expect(second).not.toBe(first);
    expect(await clickIn(other)).toBe(second);
    const start = await collector.waitForLog(({ attributes }) => attributes['session.previous_id'] === first);
    expect(start).toMatchObject({ eventName: 'session.start', attributes: { 'session.id': second } });
    const end = await collector.waitForLog(({ eventName }) => eventName === 'session.end');
    expect(end.attributes['session.id']).toBe(first);
    expect(events()).toHaveLength(3);
  });

  it('is no longer than it may be, however busy the user is', async () => {
    const page = await open();
    const first = await clickIn(page);
    for (let minutes = 20; minutes < 240; minutes += 20) {
      await shift(page, minutes * MINUTE_MS);
      expect(await clickIn(page)).toBe(first);
    }
    await shift(page, 240 * MINUTE_MS);
    expect(await clickIn(page)).not.toBe(first);
  });

  it('has its last activity written down when the page is hidden', async () => {
    const page = await open();
    await clickIn(page);
    const before = await stored(page);
    await shift(page, 5_000);
    await page.click('#two');
    expect(await stored(page)).toBe(before);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    expect(await stored(page)).not.toBe(before);
  });

  it.each(['/sandboxed', '/'])('is that of the page where nothing may be stored: %s', async (path) => {
    if (path === '/') {
      await context.addInitScript(() => {
        Object.defineProperty(window, 'localStorage', {
          get() {
            throw new DOMException('blocked', 'SecurityError');
          },
        });
      });
    }
    const page = await open(path);
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const id = await clickIn(page);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await clickIn(page, 'two')).toBe(id);
    expect(errors).toEqual([]);
  });
});

describe('sampling', () => {
  const toId = (digit: string): string => `${'0'.repeat(18)}${digit}${'0'.repeat(13)}`;

  it.each([
    ['f', '01'],
    ['1', '00'],
  ])('is decided once for the whole session: %s stamps %s', async (digit, flags) => {
    const id = toId(digit);
    await context.addInitScript((visit) => {
      if (!localStorage.getItem('clickspan.session')) localStorage.setItem('clickspan.session', visit);
    }, `${id} ${Date.now()} ${Date.now()}`);
    const pages = await Promise.all([open('/half'), open('/half')]);
    for (const page of pages) {
      await page.click('#one');
      await page.evaluate(() => fetch('/of-script'));
    }
    const stamped = site.requests.filter(({ url }) => url.startsWith('/of-'));
    expect(stamped).toHaveLength(4);
    for (const { headers } of stamped) {
      const flag = Number.parseInt((headers['traceparent'] as string).slice(-2), 16) & 1;
      expect(flag).toBe(Number(flags));
    }
    if (flags === '01') {
      const spans = await collector.waitForSpans(4, hasType('request'));
      for (const { attributes } of spans) expect(attributes['session.id']).toBe(id);
    } else {
      for (const page of pages) await page.evaluate(() => window.clickspan!.flush());
      for (const page of pages) await page.close({ runBeforeUnload: true });
      // What the sampled pages before have left with the browser may come only now.
      expect(collector.requests.filter(({ body }) => !body.includes(toId('f')))).toEqual([]);
    }
  });
});
