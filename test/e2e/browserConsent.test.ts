import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let voices: PageVoices;
let page: Page;

const BUTTONS = `<button id="one" onclick="fetch('/of-one')">one</button>
<script>
  window.untouched = () => wrappable.every(([owner, name, original]) => owner[name] === original);
</script>`;
/** Everything that the agent may wrap or replace, as it was before. */
const BEFORE = `<script>
  const owners = [window, EventTarget.prototype, XMLHttpRequest.prototype, Response.prototype, Request.prototype,
    History.prototype, MessagePort.prototype, Worker.prototype, WebSocket.prototype, IDBRequest.prototype,
    Navigator.prototype, Promise.prototype, console, window.scheduler && Scheduler.prototype, Blob.prototype,
    ReadableStreamDefaultReader.prototype, BroadcastChannel.prototype];
  window.wrappable = owners.filter(Boolean).flatMap((owner) =>
    Object.entries(Object.getOwnPropertyDescriptors(owner))
      .filter(([, { value }]) => typeof value === 'function')
      .map(([name, { value }]) => [owner, name, value]));
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  site = await startTestOrigin('localhost', {
    '/': { html: BEFORE + toPageHtml({ endpoint, consent: 'required' }, BUTTONS) },
    '/implied': { html: BEFORE + toPageHtml({ endpoint }, BUTTONS) },
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

async function open(path = '/'): Promise<void> {
  voices = await openPage(browser, site.url + path);
  page = voices.page;
}

const consent = (given: boolean): Promise<void> =>
  page.evaluate((isGiven) => window.clickspan!.consent(isGiven), given);
const isUntouched = (): Promise<boolean> =>
  page.evaluate(() => (window as unknown as { untouched: () => boolean }).untouched());
const kept = (): Promise<string[]> =>
  page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]);
/** Does something, and gives the `traceparent` that the server got. */
async function act(): Promise<unknown> {
  const before = site.requests.length;
  const answered = page.waitForResponse('**/of-one');
  await page.click('#one');
  await (await answered).finished();
  expect(site.requests.length).toBeGreaterThan(before);
  return site.latest('/of-one')!.headers['traceparent'];
}

/** Makes the page tell all that it has. */
async function leave(): Promise<void> {
  await page.evaluate(() => window.clickspan?.flush());
  await page.goto(`${site.url}/bare`);
}

describe('before consent', () => {
  it('nothing is wrapped, stored, stamped or sent', async () => {
    await open();
    expect(await isUntouched()).toBe(true);
    expect(await act()).toBeUndefined();
    await page.evaluate(() => {
      const span = window.clickspan!.tracerProvider.getTracer('page').startSpan('own');
      span.setAttribute('a', 1).end();
    });
    expect(await kept()).toEqual([]);
    await leave();
    expect(collector.requests).toEqual([]);
    expect(voices.errors).toEqual([]);
  });

  it('nothing is kept for later, and then all begins', async () => {
    await open();
    await act();
    await page.evaluate(() => {
      (window as unknown as { tracer: unknown }).tracer = window.clickspan!.tracerProvider.getTracer('page');
    });
    await consent(true);
    await consent(true);
    const traceparent = (await act()) as string;
    // A tracer that the page got before works now.
    await page.evaluate(() => {
      type Tracer = ReturnType<NonNullable<Window['clickspan']>['tracerProvider']['getTracer']>;
      (window as unknown as { tracer: Tracer }).tracer.startSpan('own').end();
    });
    await collector.waitForSpan(({ name }) => name === 'own');
    const [request, ...others] = await collector.waitForSpans(1, isRequestTo('/of-one'));
    expect(traceparent).toContain(request!.traceId);
    expect(others).toEqual([]);
    await collector.waitForLog(({ eventName }) => eventName === 'session.start');
    await collector.waitForSpan(hasType('action', 'click one'));
    expect(await kept()).not.toEqual([]);
  });
});

describe('after consent is withdrawn', () => {
  it.each(['/', '/implied'])('all is gone, and what was not sent is never sent: %s', async (path) => {
    await open(path);
    await consent(true);
    // What was sent before has been sent; from here on nothing gets through.
    await act();
    await collector.waitForSpan(hasType('action', 'click one'));
    collector.behave('unavailable');
    await act();
    const open1 = page.evaluate(() => {
      const span = window.clickspan!.tracerProvider.getTracer('page').startSpan('open');
      (window as unknown as { span: unknown }).span = span;
    });
    await open1;
    await page.evaluate(() => void fetch('/slow?ms=300').catch(() => {}));
    await page.evaluate(() => window.clickspan!.flush());
    await consent(false);
    collector.clear();
    collector.behave('ok');
    expect(await isUntouched()).toBe(true);
    expect(await kept()).toEqual([]);
    expect(await act()).toBeUndefined();
    await page.evaluate(() => {
      (window as unknown as { span: { end(): void } }).span.end();
    });
    await page.waitForFunction(
      () => performance.getEntriesByName(`${location.origin}/slow?ms=300`).length > 0,
    );
    await leave();
    await page.goto(`${site.url}/`);
    expect(await kept()).toEqual([]);
    expect(collector.requests).toEqual([]);
    expect(voices.errors).toEqual([]);
  });

  it('another one begins anew', async () => {
    await open();
    await consent(true);
    await act();
    const first = await collector.waitForSpan(isRequestTo('/of-one'));
    await consent(false);
    collector.clear();
    await consent(true);
    expect(await act()).toBeDefined();
    const second = await collector.waitForSpan(isRequestTo('/of-one'));
    expect(second.attributes['session.id']).not.toBe(first.attributes['session.id']);
    const start = await collector.waitForLog(({ eventName }) => eventName === 'session.start');
    expect(start.attributes['session.id']).toBe(second.attributes['session.id']);
    expect(start.attributes).not.toHaveProperty('session.previous_id');
  });

  it('what an earlier page has left is gone too', async () => {
    await open();
    await consent(true);
    await act();
    await collector.waitForSpan(isRequestTo('/of-one'));
    await page.reload();
    expect(await kept()).not.toEqual([]);
    await consent(false);
    expect(await kept()).toEqual([]);
    expect(await isUntouched()).toBe(true);
  });

  it('nothing begins again in an agent that was stopped', async () => {
    await open();
    await consent(true);
    await page.evaluate(() => window.clickspan!.stop());
    await consent(true);
    expect(await isUntouched()).toBe(true);
    expect(await act()).toBeUndefined();
  });
});
