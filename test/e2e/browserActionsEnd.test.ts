import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actionOf, hasType, isRequestTo, openPage, toPageHtml } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedSpan } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let page: Page;

const BODY = `
<button id="settle">Settle</button><button id="animate">Animate</button><button id="idle">Idle</button>
<button id="slow">Slow</button><button id="soft">Soft</button><button id="to">To order</button>
<script>
  const on = (id, listener) => document.getElementById(id).addEventListener('click', listener);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  on('settle', async () => {
    for (let n = 0; n < 5; n++) {
      await wait(100);
      document.body.append('.');
    }
  });
  on('animate', () => {
    const step = () => {
      document.getElementById('idle').style.opacity = Math.random();
      requestAnimationFrame(step);
    };
    step();
  });
  on('slow', async () => {
    await (await fetch('/slow?ms=500&first')).json();
    await fetch('/after');
  });
  on('soft', async () => {
    await fetch('/slow?ms=50');
    const heading = document.createElement('h1');
    heading.textContent = 'All that is new on this page. '.repeat(40);
    document.body.append(heading);
    history.pushState(null, '', '/news/17?secret=1');
  });
  on('to', () => {
    history.pushState(null, '', '/orders/17');
    clickspan.setRoute('/orders/:id');
  });
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url };
  const hooks = `<!doctype html><title>Hooks</title><button>Buy</button><a role="button">Secret</a><i id="odd">Odd</i>
    <script type="module">
      import { start } from '/clickspan.mjs';
      window.seen = [];
      window.clickspan = start({
        endpoint: '${collector.url}',
        beforeAction({ type, name, target }) {
          seen.push([type, name, target?.localName]);
          if (name === 'Secret' || name === 'nothing') return false;
          if (name === 'Buy') return 'Purchase';
          if (name === 'i#odd') throw new Error('of the hook');
        },
      });
      document.addEventListener('click', () => fetch('/of-click'));
      window.ready = true;
    </script>`;
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml(attributes, BODY) },
    '/hooks': { html: hooks },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await page?.context().close();
  collector.clear();
});

async function open(path = '/'): Promise<void> {
  ({ page } = await openPage(browser, site.url + path));
  await collector.waitForSpan(hasType('action', `load ${path}`));
}

const lengthOf = (span: ReceivedSpan): number => span.endUnixMs - span.startUnixMs;

describe('the end of an action', () => {
  it('is when the DOM has settled', async () => {
    await open();
    await page.click('#settle');
    const action = await collector.waitForSpan(hasType('action', 'click Settle'));
    expect(lengthOf(action)).toBeGreaterThanOrEqual(499);
    expect(lengthOf(action)).toBeLessThan(2000);
  });

  it('does not wait for what moves for ever, and another action is none the longer for it', async () => {
    await open();
    await page.click('#animate');
    const animate = await collector.waitForSpan(hasType('action', 'click Animate'));
    expect(lengthOf(animate)).toBeLessThan(5000);
    expect(animate.attributes['clickspan.end_reason']).toBeUndefined();
    await page.click('#idle');
    const idle = await collector.waitForSpan(hasType('action', 'click Idle'));
    expect(lengthOf(idle)).toBeLessThan(1000);
  });

  it('waits for its own requests, whatever the user does meanwhile', async () => {
    await open();
    await page.click('#slow');
    await page.click('#idle');
    const after = await collector.waitForSpan(isRequestTo('/after'));
    const slow = await actionOf(collector, after);
    const idle = await collector.waitForSpan(hasType('action', 'click Idle'));
    expect(slow.name).toBe('click Slow');
    expect(slow.attributes['clickspan.action.requests']).toBe(2);
    expect(slow.endUnixMs).toBeGreaterThanOrEqual(after.endUnixMs);
    expect(idle.attributes['clickspan.action.requests']).toBeUndefined();
    expect(idle.traceId).not.toBe(slow.traceId);
  });
});

describe('a route', () => {
  it('that the browser takes for a navigation is told on the action that led there', async () => {
    await open();
    await page.click('#soft');
    const action = await collector.waitForSpan(hasType('action', 'click Soft'));
    expect(action.attributes['clickspan.action.soft_navigation']).toBe(`${site.url}/news/{id}?secret=*`);
    expect(action.attributes['clickspan.action.soft_navigation_ms']).toBeGreaterThanOrEqual(49);
    expect(action.attributes['clickspan.action.soft_navigation_ms']).toBeLessThan(lengthOf(action) + 250);
  });

  it('is named by its pattern, which stands on the actions that follow', async () => {
    await open();
    await page.click('#to');
    const click = await collector.waitForSpan(hasType('action', 'click To order'));
    expect(click.attributes['url.template']).toBeUndefined();
    expect(click.events).toMatchObject([
      { name: 'route', attributes: { 'url.path': '/orders/{id}' } },
      { name: 'route', attributes: { 'url.template': '/orders/:id' } },
    ]);
    await page.click('#idle');
    const idle = await collector.waitForSpan(hasType('action', 'click Idle'));
    expect(idle.attributes['url.template']).toBe('/orders/:id');
    await page.evaluate(() => {
      window.addEventListener('popstate', () => window.clickspan!.setRoute('/:start'));
      history.back();
    });
    const route = await collector.waitForSpan(hasType('action', 'route /:start'));
    expect(route.attributes['url.template']).toBe('/:start');
  });
});

describe('a custom action', () => {
  it('has what its function asks for, across await, and not what comes around it', async () => {
    await open();
    const result = await page.evaluate(async () => {
      const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
      const answer = window.clickspan!.action.run('checkout', async () => {
        await Promise.resolve();
        await fetch('/inside?1');
        await wait(20);
        await Promise.all([fetch('/inside?2'), fetch('/inside?3')]);
        return 7;
      });
      await fetch('/outside');
      const value = await answer;
      await fetch('/outside');
      return value;
    });
    expect(result).toBe(7);
    const action = await collector.waitForSpan(hasType('action', 'checkout'));
    expect(action.attributes).toMatchObject({
      'clickspan.action.type': 'custom',
      'clickspan.action.requests': 3,
    });
    for (const request of await collector.waitForSpans(3, isRequestTo('/inside'))) {
      expect(request).toMatchObject({ traceId: action.traceId, parentSpanId: action.spanId });
      expect(request.attributes['clickspan.attribution']).toBeUndefined();
    }
    for (const request of await collector.waitForSpans(2, isRequestTo('/outside'))) {
      expect(request.traceId).not.toBe(action.traceId);
    }
  });

  it('says that its function failed, and hands the error on', async () => {
    await open();
    const caught = await page.evaluate(async () => {
      const { run } = window.clickspan!.action;
      const messages: unknown[] = [];
      window.addEventListener('unhandledrejection', (event) => {
        event.preventDefault();
        messages.push(`unhandled ${(event.reason as Error).message}`);
      });
      try {
        run('throwing', () => {
          throw new TypeError('at once');
        });
      } catch (error) {
        messages.push((error as Error).message);
      }
      await run('rejecting', () => Promise.reject(new RangeError('later'))).catch((error: Error) =>
        messages.push(error.message),
      );
      const hostile = {
        get name(): string {
          throw new Error('trap');
        },
      };
      try {
        run('hostile', () => {
          // oxlint-disable-next-line typescript/only-throw-error -- pages do
          throw hostile;
        });
      } catch (error) {
        messages.push(error === hostile);
      }
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- pages do
      await run('hostile', () => Promise.reject(hostile)).catch((error: unknown) =>
        messages.push(error === hostile),
      );
      void run('unhandled', () => Promise.reject(new Error('nobody')));
      await new Promise((done) => setTimeout(done, 20));
      return messages;
    });
    expect(caught).toEqual(['at once', 'later', true, true, 'unhandled nobody']);
    for (const [name, type] of [
      ['throwing', 'TypeError'],
      ['rejecting', 'RangeError'],
      ['unhandled', 'Error'],
    ] as const) {
      const action = await collector.waitForSpan(hasType('action', name));
      expect(action.status.code).toBe(2);
      expect(action.attributes['error.type']).toBe(type);
    }
  });

  it('lasts until it is ended, and points to what it was started in', async () => {
    await open();
    await page.evaluate(() => {
      document.getElementById('idle')!.addEventListener('click', () => {
        const upload = window.clickspan!.startAction('upload', { size: 3 });
        void fetch('/of-click');
        upload.run(() => void fetch('/of-upload'));
        upload.span.setAttribute('kind', 'photo');
        setTimeout(() => {
          upload.run(() => void fetch('/of-upload'));
          upload.end();
        }, 600);
      });
    });
    await page.click('#idle');
    const upload = await collector.waitForSpan(hasType('action', 'upload'));
    const click = await collector.waitForSpan(hasType('action', 'click Idle'));
    expect(upload.attributes).toMatchObject({ size: 3, kind: 'photo', 'clickspan.action.requests': 2 });
    expect(lengthOf(upload)).toBeGreaterThanOrEqual(599);
    expect(upload).toMatchObject({ parentSpanId: '', links: [{ spanId: click.spanId }] });
    expect((await collector.waitForSpan(isRequestTo('/of-click'))).parentSpanId).toBe(click.spanId);
  });
});

describe('beforeAction', () => {
  it('renames and drops actions, and may fail', async () => {
    await open('/hooks');
    await page.waitForFunction('window.ready');
    await page.click('button');
    const purchase = await collector.waitForSpan(hasType('action', 'click Purchase'));
    await page.click('a');
    await page.click('#odd');
    await collector.waitForSpan(hasType('action', 'click i#odd'));
    const value = await page.evaluate(() => {
      const none = window.clickspan!.startAction('nothing');
      none.span.setAttribute('x', 1);
      none.end();
      return none.run(() => 8);
    });
    expect(value).toBe(8);
    const requests = await collector.waitForSpans(3, isRequestTo('/of-click'));
    expect(requests.map((request) => request.parentSpanId === '')).toEqual([false, true, false]);
    expect(requests[0]!.parentSpanId).toBe(purchase.spanId);
    expect(await page.evaluate('seen')).toEqual([
      ['load', '/hooks', undefined],
      ['click', 'Buy', 'button'],
      ['click', 'Secret', 'a'],
      ['click', 'i#odd', 'i'],
      ['custom', 'nothing', undefined],
    ]);
    expect(collector.spans.filter(hasType('action', 'click Secret'))).toEqual([]);
  });
});
