import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

/** Counts calls of `fetch`, as another agent might that was there first. */
const WRAPPED = `<script>
  window.calls = 0;
  const native = fetch;
  window.fetch = async (...args) => { calls++; return await native(...args); };
</script>`;

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let api: TestOrigin;
let stranger: TestOrigin;
let down: TestOrigin;
let voices: PageVoices;
let page: PageVoices['page'];

beforeAll(async () => {
  collector = await startFakeCollector();
  api = await startTestOrigin('127.0.0.1');
  stranger = await startTestOrigin('127.0.0.1');
  down = await startTestOrigin('127.0.0.1');
  await down.stop();
  const html = toPageHtml({
    endpoint: collector.url,
    'propagate-to': `${api.url}, ${down.url}`,
    features: 'fetch,xhr',
  });
  site = await startTestOrigin('localhost', { '/': { html }, '/wrapped': { html: WRAPPED + html } });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, api, stranger, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await page?.context().close();
  for (const origin of [site, api, stranger]) origin.requests.length = 0;
  collector.clear();
  voices = await openPage(browser, `${site.url}/`);
  page = voices.page;
  await page.evaluate((urls) => void Object.assign(window, urls), {
    api: api.url,
    stranger: stranger.url,
    down: down.url,
  });
});

/** Runs the body of an async function in the page. */
function run<T>(body: string): Promise<T> {
  return page.evaluate<T>(`(async () => { ${body} })()`);
}

function said(): string[] {
  return voices.console.filter((text) => text.includes('[clickspan]'));
}

function stampsAt(origin: TestOrigin): boolean[] {
  return origin.requests.map(({ headers }) => headers['traceparent'] !== undefined);
}

describe('an origin that refuses traceparent', () => {
  it('answers all the same, to what is on its way and to what follows, and is named once', async () => {
    const get = `fetch(api + '/unlisted', { headers: { 'x-own': '1' } }).then((r) => r.status)`;
    expect(await run(`return Promise.all([${get}, ${get}, ${get}])`)).toEqual([200, 200, 200]);
    expect(await run(`return (await fetch(api + '/unlisted', { method: 'POST', body: 'x' })).status`)).toBe(
      200,
    );
    expect(stampsAt(api)).toEqual([false, false, false, false]);
    expect(api.requests[0]!.headers['x-own']).toBe('1');
    expect(said()).toHaveLength(1);
    expect(said()[0]).toContain(api.url);
    expect(said()[0]).toContain('Access-Control-Allow-Headers: traceparent, tracestate');
    const spans = await collector.waitForSpans(4, isRequestTo('/unlisted'));
    expect(spans.map(({ status }) => status.code)).toEqual([0, 0, 0, 0]);
    expect(spans.filter(({ attributes }) => attributes['http.request.resend_count'] === 1)).toHaveLength(3);
  });

  it('gets a Request again as it is, with the headers that the caller gave', async () => {
    const facts = await run(`
      const request = new Request(api + '/unlisted', { headers: { 'x-own': '1' } });
      const response = await fetch(request);
      return [response.status, response.url === request.url, request.bodyUsed]`);
    expect(facts).toEqual([200, true, false]);
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]!.headers['x-own']).toBe('1');
  });

  it('never gets again what may change something', async () => {
    const post = `await fetch(api + '/unlisted', { method: 'POST', body: 'x' }).then((r) => r.status, (e) => e.name)`;
    expect(await run(`return [${post}, ${post}]`)).toEqual(['TypeError', 200]);
    expect(said()).toHaveLength(1);
  });

  it('lets one XHR fail, and no other', async () => {
    const get = `await new Promise((done) => {
      const x = new XMLHttpRequest(); x.open('GET', api + '/unlisted'); x.onloadend = ({ target }) => done(target.status); x.send();
    })`;
    expect(await run(`return [${get}, ${get}]`)).toEqual([0, 200]);
    expect(said()).toHaveLength(1);
  });
});

describe('a mistake of the page', () => {
  const MISTAKES = [
    `api + '/x', { method: 'IN VALID' }`,
    `api + '/x', { body: 'a GET has none' }`,
    `api + '/x', { method: 'POST', body: 'x', mode: 'navigate' }`,
    `api + '/x', { headers: new Map([['in valid', 'x']]) }`,
    `api.replace('//', '//user:password@') + '/x'`,
  ];

  it.each<[how: string, wrap: string]>([
    ['as it is', ''],
    [
      'through what another has put in front',
      'const native = fetch; window.fetch = async (...args) => await native(...args);',
    ],
  ])('is sent once and says nothing of the origin: %s', async (_how, wrap) => {
    const calls = MISTAKES.map((call) => `await fetch(${call}).catch((e) => e.name)`);
    expect(await run(`${wrap} return [${calls.join()}]`)).toEqual(MISTAKES.map(() => 'TypeError'));
    expect(said()).toEqual([]);
    // Whether it takes our headers is still to be found out: who does not is asked again, without.
    expect(await run(`return (await fetch(api + '/unlisted')).status`)).toBe(200);
    expect(said()).toHaveLength(1);
  });

  it('does not become two calls, wherever the agent stands', async () => {
    await page.goto(`${site.url}/wrapped`);
    await page.evaluate((url) => void Object.assign(window, { api: url }), api.url);
    const calls = MISTAKES.map((call) => `await fetch(${call}).catch((e) => e.name)`);
    expect(await run(`return [${calls.join()}]`)).toEqual(MISTAKES.map(() => 'TypeError'));
    expect(await run('return calls')).toBe(MISTAKES.length);
    expect(said()).toEqual([]);
  });
});

describe('an outage', () => {
  it('gets one request more from a page, in all', async () => {
    const get = `fetch(api + '/broken').catch((e) => e.name)`;
    expect(await run(`return Promise.all([${get}, ${get}, ${get}])`)).toEqual(
      Array.from({ length: 3 }, () => 'TypeError'),
    );
    expect(await run(`return ${get}`)).toBe('TypeError');
    expect(stampsAt(api)).toHaveLength(5);
    expect(stampsAt(api).filter((isStamped) => !isStamped)).toHaveLength(1);
    expect(said()).toEqual([]);
  });

  it('gets none more when the origin has answered before', async () => {
    await run(`await fetch(api + '/echo'); await fetch(api + '/broken').catch(() => {})`);
    expect(stampsAt(api)).toEqual([true, true]);
  });

  it('fails as without the agent: nobody listens, the machine is offline, or the page gives up', async () => {
    const results = await run(`
      const results = [];
      const ask = (url, init) => fetch(url, init).catch((error) => results.push(error.name + ' ' + error.message));
      await ask(down + '/x');
      await ask(api + '/hang', { signal: AbortSignal.timeout(30) });
      const controller = new AbortController(); controller.abort(); await ask(api + '/x', { signal: controller.signal });
      return results`);
    expect(results).toEqual([
      'TypeError Failed to fetch',
      'TimeoutError signal timed out',
      'AbortError signal is aborted without reason',
    ]);
    await page.context().setOffline(true);
    expect(await run(`return fetch(api + '/echo').catch((e) => e.name)`)).toBe('TypeError');
    await page.context().setOffline(false);
    expect(await run(`return (await fetch(api + '/echo')).status`)).toBe(200);
    expect(stampsAt(api).at(-1)).toBe(true);
    expect(said()).toEqual([]);
  });

  it('leaves a rejection that nobody handles unhandled', async () => {
    await run(
      `void fetch(down + '/x'); await new Promise((done) => addEventListener('unhandledrejection', done))`,
    );
    await expect.poll(() => voices.errors).toEqual(['Failed to fetch']);
  });
});

describe('a path of the own origin that leads to a third party', () => {
  it('arrives there without our headers, and alone is not stamped any more', async () => {
    const get = `(await fetch('/redirect?to=' + encodeURIComponent(stranger + '/unlisted'))).status`;
    expect(await run(`return [${get}, ${get}, (await fetch('/echo')).status]`)).toEqual([200, 200, 200]);
    expect(stampsAt(stranger)).toEqual([false, false]);
    expect(site.latest('/echo')!.headers['traceparent']).toBeDefined();
    expect(said()).toHaveLength(1);
    expect(said()[0]).toContain(stranger.url);
  });
});
