import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionOf, isRequestTo, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let voices: PageVoices;
let page: Page;

/** Notes what the browser's objects are like; `changed()` then tells what is other than it was, by owner and name. */
const NOTED = `<script>
  const owners = { window, scheduler, navigator, history, document, console, performance, navigation, crypto };
  for (const name of Object.getOwnPropertyNames(window)) {
    const { prototype } = (name === name[0].toUpperCase() + name.slice(1) && window[name]) || {};
    if (prototype) owners[name + '.prototype'] = prototype;
  }
  const describe = (owner) => Object.getOwnPropertyDescriptors(owner);
  const before = Object.entries(owners).map(([name, owner]) => [name, owner, describe(owner)]);
  const facets = ['value', 'get', 'set', 'enumerable', 'writable', 'configurable'];
  window.changed = (facets) => before.flatMap(([name, owner, old]) => {
    const now = describe(owner);
    return Reflect.ownKeys({ ...old, ...now })
      .filter((key) => !(key in old) || !(key in now) || facets.some((facet) => !Object.is(old[key][facet], now[key][facet])))
      .map((key) => name + ' ' + String(key));
  }).filter((what) => !/^window (?:clickspan|changed|Symbol|\\d)/.test(what));
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint: collector.url }, '<button id="one">one</button>') },
    '/noted': { html: NOTED + toPageHtml({ endpoint: collector.url, 'console-errors': 'true' }) },
    '/frozen': {
      html: `<script>Object.freeze(Promise.prototype); Object.freeze(Response.prototype)</script>${toPageHtml({ endpoint: collector.url })}`,
    },
  });
  browser = await launchChromium();
  voices = await openPage(browser, `${site.url}/`);
  ({ page } = voices);
  await collector.waitForSpan((span) => span.name.startsWith('load '));
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.stop();
});

/** Runs a function in the page within an action. */
function inAction<T>(run: () => Promise<T>): Promise<T> {
  return page.evaluate<T>(`clickspan.action.run('any', ${String(run)})`);
}

describe('seeing what awaits a promise', () => {
  it('leaves promises what they are for the page', async () => {
    const seen = await page.evaluate(() => {
      const promise = Promise.resolve(1);
      function Old(): void {}
      Old.prototype = Object.create(Promise.prototype) as object;
      (Old.prototype as { constructor: unknown }).constructor = Old;
      class Own extends Promise<number> {}
      return {
        constructor: promise.constructor === Promise && Promise.prototype.constructor === Promise,
        same: Promise.resolve(promise) === promise,
        keys: Object.keys(Promise.prototype).length + Object.keys(promise).length,
        inherited: Object.keys(Old.prototype),
        own: Own.resolve(1).then(() => 1) instanceof Own,
        // oxlint-disable-next-line typescript/unbound-method -- only its text is read
        text: [String(Promise), String(Promise.resolve), String(MessageChannel), String(ResizeObserver)],
      };
    });
    expect(seen).toEqual({
      constructor: true,
      same: true,
      keys: 0,
      inherited: ['constructor'],
      own: true,
      text: ['Promise', 'resolve', 'MessageChannel', 'ResizeObserver'].map(
        (name) => `function ${name}() { [native code] }`,
      ),
    });
  });

  it('keeps the order in which reactions run', async () => {
    // Within an action: elsewhere nothing is seen.
    const order = await inAction(async () => {
      const seen: number[] = [];
      const both = Promise.resolve();
      const first = (async () => {
        await both;
        seen.push(1);
        await both;
        seen.push(4);
      })();
      const second = both.then(() => seen.push(2)).then(() => seen.push(5));
      queueMicrotask(() => seen.push(3));
      await Promise.all([first, second]);
      return seen;
    });
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('leaves rejections as handled or unhandled as they were', async () => {
    const unhandled = await inAction(async () => {
      const seen: string[] = [];
      window.addEventListener('unhandledrejection', (event) => {
        event.preventDefault();
        seen.push(String(event.reason));
      });
      void Promise.resolve(Promise.reject('resolved'));
      void (async () => {
        await Promise.reject('thrown');
      })();
      void Promise.reject('derived').then(() => 1);
      await Promise.reject('awaited').catch(() => null);
      try {
        await Promise.reject('caught');
      } catch {
        // As it should be.
      }
      await Promise.allSettled([Promise.reject('settled')]);
      await new Promise((done) => setTimeout(done, 50));
      return seen;
    });
    expect(unhandled.sort()).toEqual(['derived', 'resolved', 'thrown']);
  });

  it('leaves the callers of async functions in the stacks of errors behind a request', async () => {
    // As text: each way in an action of its own.
    const stacks = await page.evaluate<Record<string, string>>(`(async () => {
      const ask = () => fetch('/any');
      const handOn = async () => ask();
      const load = async () => (await ask()).json();
      const toText = () => ask().then((answer) => answer.text());
      const byXhr = () => new Promise((done) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/any');
        xhr.onload = done;
        xhr.send();
      });
      const stack = async (go) => {
        await go();
        return new Error('own').stack;
      };
      const ways = {
        fetch: () => stack(ask),
        derived: () => stack(toText),
        handOn: () => stack(handOn),
        load: () => stack(load),
        byXhr: () => stack(byXhr),
        all: () => stack(() => Promise.all([ask(), ask()])),
        allLoads: () => stack(() => Promise.all([load(), load()])),
        allWays: () => stack(() => Promise.all([load(), ask(), handOn(), toText(), byXhr()])),
        async inAll() {
          return (await Promise.all([stack(load), ask()]))[0];
        },
      };
      async function open(go) {
        return await go();
      }
      const stacks = {};
      for (const [name, go] of Object.entries(ways)) {
        stacks[name] = await clickspan.action.run(name, () => open(go));
      }
      return stacks;
    })()`);
    for (const [name, stack] of Object.entries(stacks)) expect(stack, name).toContain('async open');
  });

  it('goes through what has no task that could be known beforehand', async () => {
    // As text: an import of the page's own.
    await page.evaluate(`{
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = ({ data }) => void fetch('/port-' + data);
      document.getElementById('one').addEventListener('click', async () => {
        await import('data:text/javascript,' + Math.random());
        await fetch('/import');
        await createImageBitmap(new Blob([])).catch(() => null);
        await fetch('/bitmap');
        await document.body.animate([], 5).finished;
        await fetch('/animation');
        await scheduler.yield();
        await fetch('/yield');
        await navigator.locks.request('one', async () => null);
        await fetch('/lock');
        port1.postMessage('one');
        scheduler.postTask(() => fetch('/task'));
      });
    }`);
    await page.click('#one');
    for (const path of ['/import', '/bitmap', '/animation', '/yield', '/lock', '/task', '/port-one']) {
      const request = await collector.waitForSpan(isRequestTo(path));
      expect((await actionOf(collector, request)).name, path).toBe('click one');
      expect(request.attributes['clickspan.attribution'], path).toBeUndefined();
    }
  });

  it('takes what an observer of sizes does for nobody’s, whatever ran before in its frame', async () => {
    await page.evaluate(() => {
      const box = document.createElement('div');
      document.body.append(box);
      new ResizeObserver(() => {
        if (box.style.height) void fetch('/resized');
      }).observe(box);
      document.getElementById('one')!.addEventListener('click', () => {
        requestAnimationFrame(() => {
          box.style.height = '30px';
        });
      });
    });
    await page.click('#one');
    expect((await collector.waitForSpan(isRequestTo('/resized'))).parentSpanId).toBe('');
  });

  it('is left out where the page has frozen its promises, without a word', async () => {
    const frozen = await openPage(browser, `${site.url}/frozen`);
    await frozen.page.evaluate(async () => (await fetch('/of-frozen')).text());
    await collector.waitForSpan(isRequestTo('/of-frozen'));
    expect([...frozen.console, ...frozen.errors]).toEqual([]);
  });

  it('is over when the agent is stopped', async () => {
    const seen = await page.evaluate(() => {
      (window as unknown as { clickspan: { stop(): void } }).clickspan.stop();
      const { value, enumerable } = Object.getOwnPropertyDescriptor(Promise.prototype, 'constructor')!;
      return [value === Promise, enumerable];
    });
    expect(seen).toEqual([true, false]);
    expect(voices.errors).toEqual([]);
  });
});

describe("the browser's objects", () => {
  it('keep their properties, and are what they were when the agent is stopped', async () => {
    const { page: noted } = await openPage(browser, `${site.url}/noted`);
    await collector.waitForLog(({ eventName }) => eventName === 'browser.web_vital');
    const changed = (...facets: string[]): Promise<string[]> =>
      noted.evaluate(`changed(${JSON.stringify(facets)})`);
    expect(await changed('enumerable')).toEqual([]);
    expect(await changed('value')).toContain('Scheduler.prototype postTask');
    await noted.evaluate(() => window.clickspan!.stop());
    expect(await changed('value', 'get', 'set', 'enumerable', 'writable', 'configurable')).toEqual([]);
  });

  it('are made by the classes that the page knows', async () => {
    const { page: noted } = await openPage(browser, `${site.url}/noted`);
    const strange = await noted.evaluate(`{
      const makers = {
        ResizeObserver: (Class) => new Class(() => {}),
        IntersectionObserver: (Class) => new Class(() => {}),
        MessageChannel: (Class) => new Class(),
        XMLHttpRequest: (Class) => new Class(),
        EventSource: (Class) => new Class('/hang'),
        WebSocket: (Class) => new Class('ws://localhost:9'),
      };
      const isMadeBy = (made, Class) => made.constructor === Class && made instanceof Class;
      Object.entries(makers).flatMap(([name, make]) => {
        const Class = window[name];
        class Own extends Class {}
        const own = make(Own);
        return isMadeBy(make(Class), Class) && isMadeBy(own, Own) && own instanceof Class ? [] : name;
      });
    }`);
    expect(strange).toEqual([]);
  });
});
