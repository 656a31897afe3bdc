import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

const STAMP = /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/;
/** An XHR that is there before anything else. */
const OLDER = '<script>window.older = new XMLHttpRequest()</script>';
const OWN = '00-11111111111111111111111111111111-2222222222222222-01';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let api: TestOrigin;
let stranger: TestOrigin;
let voices: PageVoices;
let page: PageVoices['page'];

beforeAll(async () => {
  collector = await startFakeCollector();
  api = await startTestOrigin('127.0.0.1');
  stranger = await startTestOrigin('127.0.0.1');
  site = await startTestOrigin('localhost', {
    '/': {
      html:
        OLDER +
        toPageHtml({
          endpoint: collector.url,
          'propagate-to': `${api.url}, ${stranger.url}/only`,
          'never-propagate-to': `${api.url}/never`,
          features: 'click,fetch,xhr',
        }),
    },
    '/bare': { html: `${OLDER}<title>Bare</title>` },
  });
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
  // So that bodies of functions can name the origins.
  await page.evaluate((urls) => void Object.assign(window, urls), { api: api.url, stranger: stranger.url });
});

/** Runs the body of an async function in the page. */
function run<T>(body: string): Promise<T> {
  return page.evaluate<T>(`(async () => { ${body} })()`);
}

function stampAt(origin: TestOrigin, path: string): string | undefined {
  const request = origin.latest(path);
  expect(request, `a request to ${path}`).toBeDefined();
  return request!.headers['traceparent'] as string | undefined;
}

describe('where traceparent goes', () => {
  it.each<[how: string, body: string]>([
    ['fetch with text', `await fetch('/echo')`],
    ['fetch with an address object', `await fetch(new URL('/echo', location.href))`],
    ['fetch with the location', `history.replaceState(null, '', '/echo'); await fetch(location)`],
    ['fetch with a Request', `await fetch(new Request('/echo'))`],
    ['fetch with a Request and options', `await fetch(new Request('/echo'), { method: 'PUT' })`],
    ['fetch with a Request as options', `await fetch('/echo', new Request('/other', { method: 'PUT' }))`],
    [
      'XHR',
      `await new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', '/echo'); x.onloadend = d; x.send() })`,
    ],
    ['synchronous XHR', `const x = new XMLHttpRequest(); x.open('GET', '/echo', false); x.send()`],
    ['keepalive', `await fetch('/echo', { keepalive: true })`],
  ])('stamps the own origin: %s', async (_how, body) => {
    await run(body);
    expect(stampAt(site, '/echo')).toMatch(STAMP);
    const span = await collector.waitForSpan(isRequestTo('/echo'));
    expect(stampAt(site, '/echo')).toBe(`00-${span.traceId}-${span.spanId}-03`);
    expect(span.kind).toBe(3);
  });

  it('stamps another origin only where it is listed, by exact origin or whole parts of a path', async () => {
    await run(`
      await fetch(api + '/echo');
      await fetch(stranger + '/only');
      await fetch(stranger + '/only/below');
      await fetch(stranger + '/onlyalmost');
      await fetch(stranger + '/echo?' + api + '/echo');
      await fetch(api + '/never/x');
    `);
    expect(stampAt(api, '/echo')).toMatch(STAMP);
    expect(stampAt(stranger, '/only')).toMatch(STAMP);
    expect(stampAt(stranger, '/only/below')).toMatch(STAMP);
    expect(stampAt(stranger, '/onlyalmost')).toBeUndefined();
    expect(stampAt(stranger, '/echo')).toBeUndefined();
    expect(stampAt(api, '/never/x')).toBeUndefined();
  });

  it('does the same for XHR', async () => {
    await run(`
      const get = (url) => new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', url); x.onloadend = d; x.send() });
      await get(api + '/echo');
      await get(stranger + '/echo');
    `);
    expect(stampAt(api, '/echo')).toMatch(STAMP);
    expect(stampAt(stranger, '/echo')).toBeUndefined();
  });

  it('leaves no-cors requests untouched, and records them', async () => {
    const type = await run(`return (await fetch(api + '/closed', { mode: 'no-cors' })).type`);
    expect(type).toBe('opaque');
    expect(stampAt(api, '/closed')).toBeUndefined();
    const span = await collector.waitForSpan(isRequestTo('/closed'));
    expect(span.attributes['http.response.status_code']).toBeUndefined();
    expect(span.status.code).toBe(0);
  });

  it('leaves addresses that do not go over HTTP alone', async () => {
    expect(await run(`return (await fetch('data:text/plain,hello')).text()`)).toBe('hello');
    expect(await run(`return (await fetch(URL.createObjectURL(new Blob(['blob'])))).text()`)).toBe('blob');
    await run(`await fetch('/echo')`);
    await collector.waitForSpan(isRequestTo('/echo'));
    expect(collector.spans).toHaveLength(1);
  });
});

describe("the caller's own traceparent", () => {
  it.each<[how: string, body: string]>([
    ['fetch, object', `await fetch('/echo', { headers: { Traceparent: '${OWN}' } })`],
    ['fetch, list', `await fetch('/echo', { headers: [['TRACEPARENT', '${OWN}']] })`],
    ['fetch, Headers', `await fetch('/echo', { headers: new Headers({ traceparent: '${OWN}' }) })`],
    ['fetch, Request', `await fetch(new Request('/echo', { headers: { traceparent: '${OWN}' } }))`],
    [
      'XHR',
      `await new Promise(d => {
         const x = new XMLHttpRequest(); x.open('GET', '/echo'); x.setRequestHeader('TraceParent', '${OWN}');
         x.onloadend = d; x.send();
       })`,
    ],
  ])('is kept: %s', async (_how, body) => {
    await run(body);
    expect(stampAt(site, '/echo')).toBe(OWN);
    const span = await collector.waitForSpan(isRequestTo('/echo'));
    expect(span.links).toEqual([{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }]);
    expect(span.traceId).not.toBe('1'.repeat(32));
  });

  it('is not carried over to the next request of a reused XHR, and neither is ours', async () => {
    await run(`
      const x = new XMLHttpRequest();
      const send = (url, own) => new Promise(d => {
        x.open('GET', url); if (own) x.setRequestHeader('traceparent', own); x.onloadend = d; x.send();
      });
      await send('/first', '${OWN}'); await send('/second'); await send('/third');
    `);
    expect(stampAt(site, '/first')).toBe(OWN);
    expect(stampAt(site, '/second')).toMatch(STAMP);
    expect(stampAt(site, '/third')).toMatch(STAMP);
    expect(stampAt(site, '/third')).not.toBe(stampAt(site, '/second'));
  });
});

describe('what the caller has', () => {
  it('is not changed: options, headers in every form, and the request', async () => {
    const changed = await run(`
      const request = new Request('/echo', { headers: { 'x-own': '1' } });
      const cases = [
        ['/echo', Object.freeze({ method: 'POST', headers: Object.freeze({ 'x-own': '1' }) })],
        ['/echo', { headers: [['x-own', '1']] }],
        ['/echo', { headers: new Headers({ 'x-own': '1' }) }],
        ['/echo', { headers: new Map([['x-own', '1']]) }],
        ['/echo', {}],
        [request],
        [request, { headers: { 'x-own': '1' } }],
      ];
      const wrong = [];
      for (const args of cases) {
        const init = args.at(-1);
        const headers = init.headers;
        const before = [Object.keys(init), headers && [...(headers[Symbol.iterator] ? headers : Object.entries(headers))]];
        const answer = await (await fetch(...args)).json();
        const after = [Object.keys(init), init.headers && [...(init.headers[Symbol.iterator] ? init.headers : Object.entries(init.headers))]];
        if (JSON.stringify(before) !== JSON.stringify(after) || init.headers !== headers) wrong.push([before, after]);
        if (!answer.traceparent || (headers && answer['x-own'] !== '1')) wrong.push(answer);
      }
      return wrong;
    `);
    expect(changed).toEqual([]);
  });

  it('can be used again for a third party without taking traceparent along', async () => {
    await run(`
      const init = { headers: { 'x-own': '1' } };
      await fetch('/echo', init); await fetch(stranger + '/echo', init);
    `);
    expect(stampAt(site, '/echo')).toMatch(STAMP);
    expect(stampAt(stranger, '/echo')).toBeUndefined();
  });

  it('arrives: bodies, methods, one-time headers, options of a class, streams', async () => {
    await run(`
      await fetch('/a', { method: 'POST', body: 'text' });
      await fetch(new Request('/b', { method: 'POST', body: 'of request' }));
      await fetch(new Request('/c', { method: 'POST', body: 'replaced' }), { body: 'by options' });
      function* headers() { yield ['x-own', '1'] }
      await fetch('/d', { headers: headers() });
      class Options { #method = 'PUT'; get method() { return this.#method } body = 'of a class' }
      await fetch('/e', new Options());
      await fetch(api + '/never', { headers: headers() });
    `);
    expect(site.latest('/a')).toMatchObject({ method: 'POST', body: 'text' });
    expect(site.latest('/b')).toMatchObject({ method: 'POST', body: 'of request' });
    expect(site.latest('/c')).toMatchObject({ method: 'POST', body: 'by options' });
    expect(site.latest('/d')?.headers['x-own']).toBe('1');
    expect(site.latest('/e')).toMatchObject({ method: 'PUT', body: 'of a class' });
    expect(api.latest('/never')?.headers['x-own']).toBe('1');
    for (const path of ['/a', '/b', '/c', '/d', '/e']) expect(stampAt(site, path)).toMatch(STAMP);
  });

  it('reaches the browser whole: keepalive and every other option', async () => {
    await page.addInitScript(() => {
      const native = window.fetch;
      window.fetch = (...args) => {
        Object.assign(window, { handed: args });
        return native(...args);
      };
    });
    await page.reload();
    const options = { keepalive: true, cache: 'no-store', credentials: 'omit', priority: 'low' };
    await run(`await fetch('/echo', ${JSON.stringify(options)})`);
    const handed = await page.evaluate(() => (window as unknown as { handed: [string, RequestInit] }).handed);
    expect(handed).toMatchObject(['/echo', options]);
    expect(stampAt(site, '/echo')).toMatch(STAMP);
  });

  it('keeps the referrer and its policy of a request', async () => {
    await run(`
      await fetch(new Request('/none', { referrer: '' }));
      await fetch(new Request('/other', { referrer: '/from-here' }));
      await fetch(new Request('/policy', { referrerPolicy: 'no-referrer' }));
      await fetch(new Request('/plain'));
      await fetch(new Request('/empty-options', { referrerPolicy: 'no-referrer' }), {});
    `);
    expect(site.latest('/none')?.headers.referer).toBeUndefined();
    expect(site.latest('/other')?.headers.referer).toBe(`${site.url}/from-here`);
    expect(site.latest('/policy')?.headers.referer).toBeUndefined();
    expect(site.latest('/plain')?.headers.referer).toBe(`${site.url}/`);
    expect(site.latest('/empty-options')?.headers.referer).toBeUndefined();
    expect(stampAt(site, '/empty-options')).toMatch(STAMP);
    expect(stampAt(site, '/none')).toMatch(STAMP);
  });

  it('is as safe as before where a prototype was tampered with', async () => {
    await run(`
      Object.prototype.method = 'DELETE';
      try { await fetch('/echo'); await fetch('/inherited', {}) } finally { delete Object.prototype.method }
    `);
    expect(site.latest('/echo')?.method).toBe('GET');
    expect(site.latest('/inherited')?.method).toBe('DELETE');
    expect(stampAt(site, '/echo')).toMatch(STAMP);
  });

  it('rejects as without the agent, and never throws', async () => {
    const calls = `
      const results = [];
      const calls = [
        () => fetch(), () => fetch('http://%'), () => fetch('/x', 7), () => fetch('/x', { method: 'NO SPACE' }),
        () => fetch('/x', { headers: { 'bad name': '1' } }), () => fetch('/x', { headers: null }),
        () => fetch('/x', { method: 'GET', body: '1' }), () => fetch(Symbol('s')), () => fetch('ftp://x/'),
        () => fetch(new Request('/x', { method: 'POST', body: new ReadableStream(), duplex: 'half' }), { keepalive: 1 }),
        () => fetch({ toString() { throw new RangeError('own') } }),
        () => fetch('/x', { signal: AbortSignal.abort() }),
        () => fetch('/x', { signal: AbortSignal.abort(new Error('reason')) }),
      ];
      for (const call of calls) {
        let promise;
        try { promise = call() } catch (error) { results.push('threw ' + error); continue }
        results.push(await promise.then((r) => r.status, (error) => error.name + ': ' + error.message));
      }
      return results;`;
    const withAgent = await run(calls);
    await page.goto(`${site.url}/bare`);
    expect(withAgent).toEqual(await run(calls));
  });

  it('sees the functions that it knows', async () => {
    const looks = `
      const xhr = XMLHttpRequest.prototype;
      return [fetch, xhr.open, xhr.send, xhr.abort, xhr.setRequestHeader, setTimeout, setInterval, queueMicrotask,
        requestAnimationFrame, requestIdleCallback, Response.prototype.json, ReadableStreamDefaultReader.prototype.read,
      ].map((f) => [f.name, f.length, String(f), Object.getOwnPropertyNames(f), 'prototype' in f, typeof f])
        .concat([Object.keys(xhr), Object.keys(window).includes('fetch'),
          JSON.stringify(Object.getOwnPropertyDescriptor(window, 'fetch'))]);`;
    const withAgent = await run(looks);
    await page.goto(`${site.url}/bare`);
    expect(withAgent).toEqual(await run(looks));
  });
});

describe('the response', () => {
  it('is the real one', async () => {
    const facts = await run(`
      const r = await fetch('/redirect?to=/echo');
      return { url: new URL(r.url).pathname, redirected: r.redirected, type: r.type, used: r.bodyUsed, own: Object.keys(r),
        real: Object.prototype.toString.call(r), text: typeof await r.text(), usedAfter: r.bodyUsed };`);
    expect(facts).toEqual({
      url: '/echo',
      redirected: true,
      type: 'basic',
      used: false,
      own: [],
      real: '[object Response]',
      text: 'string',
      usedAfter: true,
    });
  });

  it('is not pulled when nobody reads it', async () => {
    await run(`window.kept = await fetch('/endless')`);
    await page.waitForTimeout(1500);
    expect(site.latest('/endless')!.bytesWritten).toBeLessThan(100e6);
    expect(site.latest('/endless')!.isCutShort).toBe(false);
  });

  it('can be cancelled through to the network', async () => {
    await run(`const r = await fetch('/endless'); await r.body.cancel()`);
    await expect.poll(() => site.latest('/endless')!.isCutShort, { timeout: 20_000 }).toBe(true);
    expect(site.latest('/endless')!.bytesWritten).toBeLessThan(200e6);
  });

  it('can be aborted before and within the body', async () => {
    const errors = await run(`
      const first = new AbortController();
      const hanging = fetch('/hang', { signal: first.signal }).catch((e) => e.name);
      setTimeout(() => first.abort(), 50);
      const second = new AbortController();
      const reader = (await fetch('/endless', { signal: second.signal })).body.getReader();
      await reader.read(); second.abort();
      return [await hanging, await (async () => { for (;;) await reader.read() })().catch((e) => e.name)];`);
    expect(errors).toEqual(['AbortError', 'AbortError']);
    const span = await collector.waitForSpan(isRequestTo('/hang'));
    expect(span.attributes['clickspan.end_reason']).toBe('abort');
    expect(span.status.code).toBe(0);
  });
});

describe('the span of a request', () => {
  it('tells method, masked address, server and status', async () => {
    await run(`await fetch(api.replace('//', '//') + '/echo?user=anna&x&empty=#part', { method: 'DELETE' })`);
    const span = await collector.waitForSpan(isRequestTo('/echo'));
    expect(span.name).toBe('DELETE');
    expect(span.attributes).toMatchObject({
      'clickspan.span.type': 'request',
      'http.request.method': 'DELETE',
      'url.full': `${api.url}/echo?user=*&*&empty=*`,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(api.url).port),
      'http.response.status_code': 200,
    });
    expect(span.endUnixMs).toBeGreaterThan(span.startUnixMs);
  });

  it.each<[how: string, path: string, body: string, errorType: string]>([
    ['status 404', '/status', `await fetch('/status?code=404')`, '404'],
    ['no connection', '/nobody', `await fetch('http://127.0.0.1:9/nobody').catch(() => {})`, 'TypeError'],
    [
      'time limit',
      '/hang',
      `await fetch('/hang', { signal: AbortSignal.timeout(50) }).catch(() => {})`,
      'TimeoutError',
    ],
    [
      'XHR time limit',
      '/hang',
      `await new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', '/hang'); x.timeout = 50; x.onloadend = d; x.send() })`,
      'timeout',
    ],
    [
      'XHR without connection',
      '/nobody',
      `await new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', 'http://127.0.0.1:9/nobody'); x.onloadend = d; x.send() })`,
      'error',
    ],
    [
      'synchronous XHR without connection',
      '/nobody',
      `try { const x = new XMLHttpRequest(); x.open('GET', 'http://127.0.0.1:9/nobody', false); x.send() } catch {}`,
      'NetworkError',
    ],
  ])('is an error: %s', async (_how, path, body, errorType) => {
    await run(body);
    const span = await collector.waitForSpan(isRequestTo(path));
    expect(span.attributes['error.type']).toBe(errorType);
    expect(span.status.code).toBe(2);
  });

  it('ends once for an XHR that is aborted, or opened again while it runs', async () => {
    await run(`
      const x = new XMLHttpRequest();
      x.open('GET', '/hang'); x.send(); x.open('GET', '/slow?ms=20'); x.send();
      await new Promise((d) => { x.onload = d });
      x.open('GET', '/hang'); x.send(); x.abort();
      x.open('GET', '/echo'); x.send(); try { x.send() } catch {}
      await new Promise((d) => { x.onload = d });
    `);
    await collector.waitForSpan(isRequestTo('/echo'));
    await collector.waitForSpans(4, () => true);
    const spans = [...collector.spans].sort((a, b) => a.startUnixMs - b.startUnixMs);
    const seen = spans.map((s) => [
      new URL(String(s.attributes['url.full'])).pathname,
      s.attributes['http.response.status_code'] ?? s.attributes['clickspan.end_reason'],
    ]);
    expect(seen).toEqual([
      ['/hang', 'abort'],
      ['/slow', 200],
      ['/hang', 'abort'],
      ['/echo', 200],
    ]);
  });
});

describe('an XHR that is used again', () => {
  it.each<[how: string, body: string]>([
    [
      'in its load handler, set before it was opened',
      `const x = new XMLHttpRequest();
       await new Promise((done) => {
         x.onload = () => { if (x.responseURL.endsWith('/second')) return done(); x.open('GET', '/second'); x.send() };
         x.open('GET', '/first'); x.send();
       })`,
    ],
    [
      'in its readystatechange handler',
      `const x = new XMLHttpRequest();
       await new Promise((done) => {
         x.onreadystatechange = () => {
           if (x.readyState !== 4) return;
           if (x.responseURL.endsWith('/second')) return done();
           x.open('GET', '/second'); x.send();
         };
         x.open('GET', '/first'); x.send();
       })`,
    ],
    [
      'after a call of send that the browser refuses',
      `const x = new XMLHttpRequest();
       for (const path of ['/first', '/second']) {
         x.open('GET', path);
         await new Promise((done) => { x.onload = done; x.send() });
         try { x.send() } catch {}
       }`,
    ],
  ])('has one span for each request, with its status: %s', async (_how, body) => {
    await run(body);
    const spans = await collector.waitForSpans(2, () => true);
    expect(
      spans.map(({ attributes }) => [
        new URL(String(attributes['url.full'])).pathname,
        attributes['http.response.status_code'],
      ]),
    ).toEqual([
      ['/first', 200],
      ['/second', 200],
    ]);
  });

  it('is recorded with the address that it was opened with, wherever the page has gone since', async () => {
    await run(`
      const x = new XMLHttpRequest();
      x.open('GET', 'relative');
      history.pushState(null, '', '/below/here');
      await new Promise((done) => { x.onload = done; x.send() });
    `);
    await collector.waitForSpan(isRequestTo('/relative'));
    expect(site.latest('/relative')).toBeDefined();
  });
});

describe('the listeners of an XHR', () => {
  /** What the page says, in order; `on(name)` is a listener, `settled(x)` the end of a request. */
  const prelude = `
    const said = [];
    const on = (name) => (event) => void said.push(name + ' ' + event.type + event.target.readyState);
    const types = ['readystatechange', 'load', 'loadend', 'error', 'abort'];
    const add = (x, name) => types.forEach((type) => x.addEventListener(type, on(name)));
    const set = (x, name) => types.forEach((type) => { x['on' + type] = name && on(name) });
    const settled = (x) => new Promise((done) => { x.addEventListener('loadend', () => setTimeout(done), { once: true }); x.send() });
    const x = new XMLHttpRequest();`;

  it.each<[how: string, body: string]>([
    ['set and added before it is opened', `set(x, 'a'); add(x, 'b'); x.open('GET', '/a'); await settled(x)`],
    ['added and set before it is opened', `add(x, 'a'); set(x, 'b'); x.open('GET', '/a'); await settled(x)`],
    [
      'set and added on both sides of it, set anew later',
      `add(x, 'a'); set(x, 'b'); x.open('GET', '/a'); set(x, 'c'); add(x, 'd'); x.onload = null; x.onload = on('e');
       await settled(x)`,
    ],
    [
      'of one that is used again',
      `set(x, 'a'); add(x, 'b'); x.open('GET', '/a'); await settled(x);
       set(x, null); add(x, 'c'); set(x, 'd'); x.open('GET', 'http://127.0.0.1:9/'); await settled(x);
       x.open('GET', '/hang'); x.send(); x.open('GET', '/hang'); setTimeout(() => x.abort()); await settled(x)`,
    ],
    [
      'of a class of the page, which listens itself',
      `class Own extends XMLHttpRequest { constructor() { super(); add(this, 'own'); } }
       const y = new Own(); set(y, 'a'); add(y, 'b'); y.open('GET', '/a'); await settled(y);
       said.push(y instanceof Own, y.constructor === Own, x.constructor === XMLHttpRequest)`,
    ],
    [
      'of one that is older than the agent',
      `const y = window.older; set(y, 'a'); add(y, 'b'); y.open('GET', '/a'); add(y, 'c'); await settled(y)`,
    ],
    [
      'that the page tells itself before it is opened',
      `add(x, 'a'); x.dispatchEvent(new Event('readystatechange')); x.dispatchEvent(new Event('error'))`,
    ],
  ])('run in the order in which they run without the agent: %s', async (_how, body) => {
    const listen = (): Promise<unknown> => run(`${prelude} ${body}; return said`);
    const said = await listen();
    expect(voices.console.filter((text) => text.includes('[clickspan]'))).toEqual([]);
    await page.goto(`${site.url}/bare`);
    expect(said).toEqual(await listen());
  });
});

describe('Server-Timing', () => {
  const COLD = { 'clickspan.cold_start_ms': 120, 'clickspan.init_ms': 100, 'clickspan.handler_ms': 5 };

  it.each<[how: string, origin: 'site' | 'api', path: string]>([
    ['of the own origin', 'site', '/timing-hidden'],
    ['of another origin, exposed to scripts', 'api', '/timing'],
    ['of another origin, allowed for resource timing', 'api', '/timing-allowed'],
  ])('is put onto the request: %s', async (_how, origin, path) => {
    const base = origin === 'site' ? '' : api.url;
    await run(`
      await fetch('${base}${path}').then((r) => r.text());
      await new Promise(d => { const x = new XMLHttpRequest(); x.open('GET', '${base}${path}'); x.onloadend = d; x.send() })`);
    const spans = await collector.waitForSpans(2, isRequestTo(path));
    for (const span of spans) {
      // The test origin answers as an invocation whose span id is the one that it was sent.
      expect(span.attributes).toMatchObject({ ...COLD, 'clickspan.server.span_id': span.spanId });
    }
    expect(voices.console).toEqual([]);
  });

  it('tells requests to one address apart that run at the same time', async () => {
    // The clock of a page is coarse; within one tick of it nobody could tell.
    await run(`
      const tick = (t = performance.now()) => { while (performance.now() - t < 1); };
      const answers = [4, 3, 2, 1].map((n) => { tick(); return fetch(api + '/timing-allowed') });
      for (const answer of answers) await (await answer).text();`);
    const spans = await collector.waitForSpans(4, isRequestTo('/timing-allowed'));
    for (const span of spans) expect(span.attributes['clickspan.server.span_id']).toBe(span.spanId);
  });

  it('is not missed aloud: a hidden one is quiet and delays nothing but the export', async () => {
    const ms = await run<number>(
      `const t = performance.now(); await (await fetch(api + '/timing-hidden')).text(); return performance.now() - t`,
    );
    const span = await collector.waitForSpan(isRequestTo('/timing-hidden'));
    expect(span.attributes['clickspan.cold_start_ms']).toBeUndefined();
    expect(span.endUnixMs - span.startUnixMs).toBeLessThanOrEqual(ms + 1);
    expect(voices.console).toEqual([]);
  });
});
