import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let voices: PageVoices;

/** None of these may be in any byte that leaves the page. */
const SECRETS: readonly string[] = [
  'anna.smith',
  'a.example',
  '4111',
  '55559999',
  'DE89',
  'hunter2',
  'AKIAIOSFODNN7EXAMPLE',
  'wJalrXUtnFEMI',
  'eyJhbGciOi',
  'SflKxwRJ',
  '550e8400',
  'q-secret',
  'h-secret',
  'typed-secret',
  'abcdef0123456789',
];
const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c';
const TEXT =
  `anna.smith@a.example paid with 4111 1111 1111 1111 or DE89 3704 0044 0532 0130 00, password=hunter2, ` +
  `Bearer ${JWT}, AKIAIOSFODNN7EXAMPLE / wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, ` +
  `550e8400-e29b-41d4-a716-446655440000, see https://u:hunter2@shop.example/users/55559999?q=q-secret#a=h-secret`;
const PATH =
  `/users/anna.smith%40a.example/cards/4111-1111-1111-1111/55559999/550e8400-e29b-41d4-a716-446655440000` +
  `/abcdef0123456789/${JWT}`;
const BODY = `
<input id="field" value="typed-secret">
<button id="label" aria-label="Pay 4111 1111 1111 1111 as anna.smith@a.example">x</button>
<button id="text">${TEXT.slice(0, 200)}</button>
<button id="go">Go</button>
<script>
  const text = ${JSON.stringify(TEXT)};
  label.onclick = () => fetch(${JSON.stringify(PATH)} + '?q=q-secret&' + encodeURIComponent(text));
  text_button = document.getElementById('text');
  text_button.onclick = () => {
    const request = new XMLHttpRequest();
    request.open('GET', ${JSON.stringify(PATH)} + '?q=q-secret#h-secret');
    request.send();
  };
  go.onclick = () => {
    history.pushState(null, '', ${JSON.stringify(PATH)} + '?q=q-secret#h-secret');
    const span = clickspan.tracerProvider.getTracer('page').startSpan('own');
    span.recordException(new Error(text));
    span.setStatus({ code: 2, message: text });
    span.end();
    Promise.reject(new TypeError(text));
    setTimeout(() => { throw new Error(text) });
    const image = new Image();
    image.src = '/status?code=404&q=q-secret';
    document.body.append(image);
    fetch('/status?code=500&q=q-secret');
    fetch('https://u:hunter2@shop.example/x').catch(() => {});
  };
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  const module = (options: string): { html: string } => ({
    html: `<!doctype html><title>Module</title><script type="module">
      import { start } from '/clickspan.mjs';
      window.agent = start({ endpoint: '${endpoint}', attributes: { 'app.release': 'r1' }, ${options} });
    </script><button onclick="fetch('/of-page')">one</button><button id="two" onclick="fetch('/other')">two</button>`,
  });
  site = await startTestOrigin('localhost', {
    [PATH]: { html: toPageHtml({ endpoint }, BODY) },
    '/hook': module(`beforeSend(record) {
      if (record.type === 'log') return;
      if (!(record.startUnixMs > 0 && record.endUnixMs >= record.startUnixMs)) throw new Error('no times');
      if (record.name.startsWith('click')) record.name = 'renamed';
      if (record.attributes['url.full']?.endsWith('/other')) return false;
      record.attributes['app.user'] = 'u1';
      delete record.attributes['server.address'];
      (window.seen ??= []).push(record.attributes['url.full'] ?? '');
    }`),
    '/throwing': module(`beforeSend(record) {
      if (record.type === 'span' && record.name === 'click one') throw new Error('hook');
    }`),
    '/async': module(`async beforeSend(record) { return record.name !== 'click one' }`),
    '/attributes': module(''),
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(() => {
  collector.clear();
});

async function open(path: string): Promise<PageVoices['page']> {
  voices = await openPage(browser, site.url + path);
  return voices.page;
}

describe('masking', () => {
  it('lets nothing personal or secret leave the page', async () => {
    const page = await open(`${PATH}?q=q-secret&anna.smith%40a.example#h-secret`);
    await page.click('#field');
    await page.keyboard.type('typed-secret');
    await page.keyboard.press('Enter');
    await page.click('#label');
    await page.click('#text');
    await page.click('#go');
    await collector.waitForSpans(
      2,
      isRequestTo('/users/%7Bid%7D/cards/%7Bid%7D/%7Bid%7D/%7Bid%7D/%7Bid%7D/%7Bid%7D'),
    );
    const own = await collector.waitForSpan(({ name }) => name === 'own');
    expect(own.events[0]!.attributes['exception.message']).toMatch(/^\* paid with \* or \*, password=\*/);
    expect(own.status.message).toBe(own.events[0]!.attributes['exception.message']);
    await collector.waitForSpan(isRequestTo('/status'));
    await page.goto(`${site.url}/bare`);
    await collector.waitForSpans(4, hasType('action'));
    const sent = collector.requests
      .map(({ body, path }) => path + body)
      .join('\n')
      // Ids and times of our own hold any four digits now and then.
      .replace(/(?:Id|UnixNano)":"\w+"|"session\.\S*?id","value":\{"stringValue":"\w+"|v6-\d+-\d+/g, '');
    for (const secret of SECRETS) expect(sent.toLowerCase()).not.toContain(secret.toLowerCase());
  });

  it('leaves few different names', async () => {
    const page = await open(PATH);
    await page.click('#label');
    const load = await collector.waitForSpan(({ name }) => name.startsWith('load'));
    expect(load.name).toBe('load /users/{id}/cards/{id}/{id}/{id}/{id}/{id}');
    await collector.waitForSpan(hasType('action', 'click Pay * as *'));
  });
});

describe('beforeSend', () => {
  it('sees every record last, with all that its type names, changes it and drops it', async () => {
    const page = await open('/hook');
    await page.click('button');
    await page.click('#two');
    const action = await collector.waitForSpan(({ name }) => name === 'renamed');
    expect(action.attributes).toMatchObject({ 'app.user': 'u1', 'app.release': 'r1' });
    const request = await collector.waitForSpan(isRequestTo('/of-page'));
    expect(request.attributes).toMatchObject({ 'app.user': 'u1' });
    expect(request.attributes).not.toHaveProperty('server.address');
    await collector.waitForSpans(2, ({ name }) => name === 'renamed');
    await page.goto(`${site.url}/bare`);
    expect(collector.spans.filter(isRequestTo('/other'))).toEqual([]);
    expect(voices.console).toEqual([]);
  });

  it('that throws lets nothing through, and the loss is counted and told once', async () => {
    const page = await open('/throwing');
    await page.click('button');
    await collector.waitForSpan(isRequestTo('/of-page'));
    await page.click('button');
    await collector.waitForSpans(2, isRequestTo('/of-page'));
    await page.click('#two');
    await collector.waitForSpan(hasType('action', 'click two'));
    expect(collector.spans.filter(({ name }) => name === 'click one')).toEqual([]);
    const last = collector.spans.findLast(({ name }) => name === 'click two')!;
    expect(last.resource['clickspan.dropped_spans']).toBe(2);
    expect(voices.console.filter((line) => line.includes('beforeSend'))).toHaveLength(1);
    expect(voices.errors).toEqual([]);
  });

  it('that is async lets nothing through, and says so', async () => {
    const page = await open('/async');
    await page.click('button');
    await page.evaluate(() => (window as unknown as { agent: { flush(): Promise<void> } }).agent.flush());
    await page.goto(`${site.url}/bare`);
    expect(collector.spans).toEqual([]);
    expect(voices.console.join()).toContain('async');
    expect(voices.errors).toEqual([]);
  });
});

describe('attributes', () => {
  it('of the option and of setAttributes() are on every record', async () => {
    const page = await open('/attributes');
    await page.click('button');
    await collector.waitForSpan(hasType('action', 'click one'));
    await page.evaluate(() => {
      (window as unknown as { agent: { setAttributes(attributes: object): void } }).agent.setAttributes({
        'user.id': 'u7',
        'app.release': undefined,
      });
    });
    await page.click('#two');
    const later = await collector.waitForSpan(hasType('action', 'click two'));
    expect(later.attributes['user.id']).toBe('u7');
    expect(later.attributes).not.toHaveProperty('app.release');
    const start = await collector.waitForLog(({ eventName }) => eventName === 'session.start');
    expect(start.attributes['app.release']).toBe('r1');
  });
});
