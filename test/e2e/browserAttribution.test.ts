import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { attribute, bundlePage, type Attribution } from '../support/attribution.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startSocketServer, type SocketServer } from '../support/socketServer.ts';
import { startTestOrigin, type Pages, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let sockets: SocketServer;
let voices: PageVoices;

beforeAll(async () => {
  collector = await startFakeCollector();
  sockets = await startSocketServer();
  const pages: Record<string, Pages[string]> = {};
  for (const name of ['plain', 'react', 'vue', 'clients']) {
    const html = toPageHtml({ endpoint: collector.url }, `<script src="/${name}.js"></script>`);
    pages[`/${name}`] = { html };
    pages[`/${name}.js`] = {
      html: await bundlePage(name),
      headers: { 'content-type': 'text/javascript' },
    };
  }
  site = await startTestOrigin('localhost', pages);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await sockets?.stop();
  await collector?.stop();
});

beforeEach(() => {
  collector.clear();
  site.requests.length = 0;
});

afterEach(() => voices.page.context().close());

/** Sixty overlapping clicks in a page. */
async function clickSixty(path: string, gapMs: number, variant?: string): Promise<Attribution> {
  voices = await openPage(browser, site.url + path);
  const result = await attribute(voices.page, site, collector, {
    gapMs,
    socketUrl: sockets.url,
    ...(variant && { variant }),
  });
  expect(voices.errors).toEqual([]);
  expect(result.requests).toBeGreaterThanOrEqual(600);
  // What polls is never taken for the work of a click.
  expect(result.background).toBeGreaterThan(9);
  expect(result.taken).toEqual([]);
  return result;
}

/** At most so many of a thousand. */
const perMille = (of: number, share: number): number => Math.floor((of * share) / 1000);

describe('sixty overlapping clicks', () => {
  it.each([0, 4, 40])('have all their requests in their own traces, %i ms apart', async (gapMs) => {
    const { wrong, unsure } = await clickSixty('/plain', gapMs, 'work');
    expect(wrong).toEqual([]);
    expect(unsure).toEqual([]);
  });

  it.each([0, 4, 40])('do so when they await the same requests in flight, %i ms apart', async (gapMs) => {
    const { requests, wrong, unsure } = await clickSixty('/plain', gapMs, 'shared');
    expect(wrong).toEqual([]);
    expect(unsure.length).toBeLessThanOrEqual(perMille(requests, 50));
  });

  it.each([0, 4, 40])(
    'do so when they await databases, workers, sockets, ports and digests, %i ms apart',
    async (gapMs) => {
      const { requests, wrong, unsure } = await clickSixty('/plain', gapMs, 'messages');
      expect(wrong).toEqual([]);
      expect(unsure.length).toBeLessThanOrEqual(perMille(requests, 50));
    },
  );

  it.each([0, 4, 40])('do so in Vue, %i ms apart', async (gapMs) => {
    const { requests, wrong, unsure } = await clickSixty('/vue', gapMs);
    expect(wrong).toEqual([]);
    expect(unsure.length).toBeLessThanOrEqual(perMille(requests, 50));
  });

  it.each([0, 4, 40])(
    'do so in React, or say that they may not where it does the work of several at once, %i ms apart',
    async (gapMs) => {
      const { requests, wrong } = await clickSixty('/react', gapMs);
      expect(wrong.length, wrong.join(', ')).toBeLessThanOrEqual(perMille(requests, 1));
    },
  );
});

describe('what is awaited besides a request', () => {
  const CLICKS = 12;
  const WAYS = 9;

  it('goes on with its click, whichever settles last', async () => {
    voices = await openPage(browser, `${site.url}/plain`);
    const { requests, wrong, unsure } = await attribute(voices.page, site, collector, {
      variant: 'beside',
      count: CLICKS,
      gapMs: 10,
    });
    expect(voices.errors).toEqual([]);
    expect(requests).toBe(2 * WAYS * CLICKS);
    expect(wrong).toEqual([]);
    // A function around an `await` behind a request that nobody awaits, where several clicks are answered at once.
    expect(unsure.filter((told) => !told.startsWith('after-unawaited '))).toEqual([]);
  });
});

describe('every way to make a request', () => {
  const CLIENTS = 12;

  it('is linked to its click, tries that come later included', async () => {
    voices = await openPage(browser, `${site.url}/clients`);
    const { requests, wrong, unsure } = await attribute(voices.page, site, collector, {
      count: CLIENTS,
      gapMs: 10,
    });
    expect(voices.errors).toEqual([]);
    // One that each client makes and one behind it, and the two that are tried again.
    expect(requests).toBe(2 * CLIENTS + 2);
    expect(wrong).toEqual([]);
    expect(unsure).toEqual([]);
  });
});
