import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  actionOf,
  hasType,
  isRequestTo,
  openPage,
  toPageHtml,
  type PageVoices,
} from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedSpan } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let page: PageVoices['page'];
let voices: PageVoices;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url, 'service-name': 'shop' };
  const buttons = ['one', 'two', 'three'].map((id) => `<button id="${id}">${id}</button>`).join('');
  site = await startTestOrigin('localhost', {
    '/': {
      html: toPageHtml(
        attributes,
        `${buttons}<label for="box" style="display: inline-block; padding: 9px">Label</label><input id="box" type="checkbox">`,
      ),
    },
    '/older': {
      html: `<script>for (const name of ['scheduler', 'navigation']) Object.defineProperty(window, name, { value: undefined })</script>${toPageHtml({ ...attributes, features: 'await,click,fetch,xhr' }, buttons)}`,
    },
    '/quiet': { html: toPageHtml({ ...attributes, features: 'await,click,fetch,xhr' }, buttons) },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.stop();
});

beforeEach(async () => {
  await page?.context().close();
  collector.clear();
  site.requests.length = 0;
  voices = await openPage(browser, `${site.url}/quiet`);
  page = voices.page;
});

/** Gives a button a listener: the text of an async function's body, run in the page. */
async function onClick(id: string, body: string): Promise<void> {
  await page.evaluate(`document.getElementById('${id}').addEventListener('click', async () => { ${body} })`);
}

async function expectAction(request: ReceivedSpan, name: string): Promise<void> {
  expect((await actionOf(collector, request)).name).toBe(name);
}

describe('context', () => {
  it('keeps two overlapping clicks apart, each awaiting between two requests', async () => {
    await onClick('one', `await fetch('/slow?ms=150&n=1'); await fetch('/one-b');`);
    await onClick('two', `await fetch('/slow?ms=50&n=2'); await fetch('/two-b');`);
    await page.click('#one');
    await page.click('#two');
    const one = await collector.waitForSpan(isRequestTo('/one-b'));
    const two = await collector.waitForSpan(isRequestTo('/two-b'));
    await expectAction(one, 'click one');
    await expectAction(two, 'click two');
    expect(one.traceId).not.toBe(two.traceId);
    const first = await collector.waitForSpans(2, isRequestTo('/slow'));
    expect(new Set(first.map((span) => span.traceId))).toEqual(new Set([one.traceId, two.traceId]));
    expect(site.latest('/one-b')?.headers['traceparent']).toBe(`00-${one.traceId}-${one.spanId}-03`);
  });

  it.each<[source: string, body: string]>([
    ['native await', `await null; await 0; await fetch('/x')`],
    ['setTimeout', `setTimeout(() => fetch('/x'), 30)`],
    ['setTimeout after await', `await null; setTimeout(async () => { await null; fetch('/x') }, 30)`],
    ['setInterval', `const id = setInterval(() => { clearInterval(id); fetch('/x') }, 20)`],
    ['requestAnimationFrame', `requestAnimationFrame(() => requestAnimationFrame(() => fetch('/x')))`],
    // A busy machine has no idle time; the limit makes the browser call all the same.
    ['requestIdleCallback', `requestIdleCallback(() => fetch('/x'), { timeout: 500 })`],
    ['queueMicrotask', `queueMicrotask(() => queueMicrotask(() => fetch('/x')))`],
    ['fetch', `fetch('/a').then(() => null).then(() => fetch('/x'))`],
    ['a fetch that fails', `await fetch('http://127.0.0.1:9/').catch(() => fetch('/x'))`],
    ['Response.json', `const r = await fetch('/a'); await r.json(); await fetch('/x')`],
    ['Response.text', `const r = await fetch('/a'); await r.text(); await fetch('/x')`],
    [
      'a reader of the body',
      `const r = await fetch('/a'); await r.body.getReader().read(); await fetch('/x')`,
    ],
    [
      'for await over the body',
      `const r = await fetch('/a'); for await (const chunk of r.body) chunk.length; await fetch('/x')`,
    ],
    [
      'a pipe of the body',
      `const r = await fetch('/a'); await r.body.pipeTo(new WritableStream()); await fetch('/x')`,
    ],
    ['Promise.all', `await Promise.all([fetch('/a'), fetch('/b').then(r => r.text())]); await fetch('/x')`],
    [
      'XHR onload',
      `const x = new XMLHttpRequest(); x.open('GET', '/a'); x.onload = () => fetch('/x'); x.send()`,
    ],
    [
      'XHR listeners added before open, awaited',
      `await new Promise((done) => {
         const x = new XMLHttpRequest();
         x.addEventListener('loadend', done);
         x.open('GET', '/a'); x.send();
       });
       await fetch('/x')`,
    ],
    [
      'a handler of XHR that was set before it was opened',
      `const x = new XMLHttpRequest();
       x.onreadystatechange = () => { if (x.readyState === 4) fetch('/x') };
       x.open('GET', '/a'); x.send()`,
    ],
    [
      'XHR error',
      `const x = new XMLHttpRequest(); x.open('GET', 'http://127.0.0.1:9/'); x.onerror = () => fetch('/x'); x.send()`,
    ],
  ])('reaches a request through %s', async (_source, body) => {
    await onClick('one', body);
    await page.click('#one');
    const request = await collector.waitForSpan(isRequestTo('/x'));
    await expectAction(request, 'click one');
    expect(request.attributes['clickspan.attribution']).toBeUndefined();
  });

  it('is none for work that began before the click, whatever the user does meanwhile', async () => {
    await page.evaluate(() => {
      setInterval(() => void fetch('/poll'), 40);
      const next = (): void => void fetch('/chain').then(() => setTimeout(next, 30));
      next();
    });
    await onClick('one', `for (let i = 0; i < 4; i++) { await fetch('/slow?ms=30'); }`);
    for (let i = 0; i < 5; i++) await page.click('#one');
    await collector.waitForSpans(10, isRequestTo('/poll'));
    await collector.waitForSpans(10, isRequestTo('/chain'));
    await collector.waitForSpans(20, isRequestTo('/slow'));
    const background = collector.spans.filter((s) => isRequestTo('/poll')(s) || isRequestTo('/chain')(s));
    expect(background.filter((span) => span.parentSpanId !== '')).toEqual([]);
    expect(new Set(background.map((span) => span.traceId)).size).toBe(background.length);
    expect(collector.spans.filter((s) => isRequestTo('/slow')(s) && s.parentSpanId === '')).toEqual([]);
  });

  it('is cleared after the task: what comes later without a known cause is a root of its own', async () => {
    await page.evaluate(() => {
      // An image's load event is a task that nothing of ours announces.
      const image = new Image();
      image.addEventListener('error', () => void fetch('/x'));
      document.getElementById('one')!.addEventListener('click', () => {
        image.src = '/slow?ms=60';
      });
    });
    await page.click('#one');
    const request = await collector.waitForSpan(isRequestTo('/x'));
    expect(request.parentSpanId).toBe('');
  });

  it('tells when two actions were armed at once', async () => {
    await onClick('one', `await null; await null; await fetch('/x')`);
    await page.evaluate(() => {
      document.getElementById('one')!.click();
      document.getElementById('two')!.click();
    });
    const request = await collector.waitForSpan(isRequestTo('/x'));
    expect(request.attributes['clickspan.attribution']).toBe('unsure');
  });

  it('goes on telling so in what follows', async () => {
    await onClick(
      'one',
      `await fetch('/first'); await new Promise((done) => setTimeout(done, 30)); await fetch('/x')`,
    );
    await page.evaluate(() => {
      document.getElementById('one')!.click();
      document.getElementById('one')!.click();
    });
    const requests = await collector.waitForSpans(2, isRequestTo('/x'));
    // The first click's own request went out before there was a second.
    expect(requests.map((span) => span.attributes['clickspan.attribution'])).toEqual([undefined, 'unsure']);
  });

  it('is not handed on to what the user does while the page is busy with a click', async () => {
    await onClick(
      'one',
      `for (const until = performance.now() + 400; performance.now() < until; );
       window.isBusyOver = true;
       await fetch('/own')`,
    );
    await page.evaluate(() => {
      for (const type of ['keyup', 'mousemove']) {
        window.addEventListener(
          type,
          () => {
            if ('isBusyOver' in window) void fetch(`/${type}`);
          },
          { passive: true },
        );
      }
    });
    await page.focus('#one');
    const devtools = await page.context().newCDPSession(page);
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
    // All at once, so that the browser has them waiting when the click's handler is through.
    await Promise.all([
      devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', text: '\r', ...enter }),
      devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...enter }),
      devtools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 200, y: 200 }),
    ]);
    await expectAction(await collector.waitForSpan(isRequestTo('/own')), 'click one');
    for (const type of ['keyup', 'mousemove']) {
      expect((await collector.waitForSpan(isRequestTo(`/${type}`))).parentSpanId, type).toBe('');
    }
  });

  it('is neither lost nor handed on in a page that chatters while clicks do all that promises can', async () => {
    await page.evaluate(async () => {
      let flying = 0;
      let isOver = false;
      const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
      const ask = (n: number | string, step: string): Promise<Response> =>
        fetch(`/slow?ms=${step.length * 2}&n=${n}&step=${step}`);
      /** What no click causes; bounded, since a browser has six connections. */
      const chatter = (step: string): void => {
        if (isOver || flying > 3) return;
        flying++;
        void ask('none', step).finally(() => flying--);
      };
      const every = (ms: number): string =>
        URL.createObjectURL(new Blob([`setInterval(() => postMessage(0), ${ms})`]));
      new Worker(every(13)).addEventListener('message', async () => {
        await Promise.resolve();
        chatter('worker');
      });
      new Worker(every(23)).addEventListener('message', () => window.postMessage(0, '*'));
      window.addEventListener('message', () => chatter('message'));
      setInterval(() => chatter('interval'), 17);
      const frame = (): void => {
        chatter('frame');
        requestAnimationFrame(frame);
      };
      frame();
      const image = new Image();
      image.addEventListener('error', () => {
        chatter('image');
        image.src = `/slow?ms=19&round=${Math.random()}`;
      });
      image.src = '/slow?ms=19';

      async function* generate(n: number): AsyncGenerator<number> {
        for (let i = 0; i < 3; i++) {
          await pause(i * 3);
          await ask(n, `generated${i}`);
          yield i;
        }
      }
      const work = async (n: number): Promise<void> => {
        try {
          await ask(n, 'first').then((r) => r.text());
          await Promise.all([ask(n, 'a'), ask(n, 'b').finally(() => ask(n, 'finally'))]);
          await fetch('http://127.0.0.1:9/').catch(async () => {
            await Promise.resolve();
            await ask(n, 'refused');
          });
          for await (const i of generate(n)) await ask(n, `consumed${i}`);
          setTimeout(() => setTimeout(() => void ask(n, 'nested'), n % 7), n % 5);
          await fetch('/hang', { signal: AbortSignal.timeout(15) }).catch(() => {});
          await ask(n, 'aborted');
          requestIdleCallback(() => void ask(n, 'idle'), { timeout: 200 });
          await Promise.race([pause(5), ask(n, 'race')]);
          await ask(n, 'raced');
          throw new Error('own');
        } catch {
          await Promise.resolve();
          await ask(n, 'caught');
        } finally {
          await Promise.resolve();
          await ask(n, 'final');
        }
      };
      const clicks: Promise<void>[] = [];
      for (let n = 0; n < 20; n++) {
        const button = document.createElement('button');
        button.dataset['clickspanName'] = `n${n}`;
        button.addEventListener('click', () => void clicks.push(work(n)));
        document.body.append(button);
        const { port1, port2 } = new MessageChannel();
        port1.addEventListener('message', () => button.click());
        port1.start();
        port2.postMessage(0);
        await pause(n % 3 ? 15 : 60);
      }
      await pause(50);
      await Promise.all(clicks);
      isOver = true;
    });
    const actions = await collector.waitForSpans(20, hasType('action'));
    const nameOfTrace = new Map(actions.map((span) => [span.traceId, span.name]));
    const sent = site.requests.filter(({ url }) => url.includes('n='));
    const wrong = sent.flatMap(({ url, headers }) => {
      const n = new URL(url, 'http://any').searchParams.get('n');
      const wanted = n === 'none' ? undefined : `click n${n}`;
      const name = nameOfTrace.get(String(headers['traceparent']).split('-')[1]!);
      return name === wanted ? [] : [`${url}: ${name}`];
    });
    expect(sent.filter(({ url }) => url.includes('n=none')).length).toBeGreaterThan(20);
    expect(sent.filter(({ url }) => !url.includes('n=none'))).toHaveLength(20 * 18);
    expect(wrong).toEqual([]);
  });

  it.each(['/quiet', '/older'])(
    'keeps the requests of thirty overlapping clicks in their own traces: %s',
    async (path) => {
      await page.goto(site.url + path);
      await page.evaluate(async () => {
        const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
        const work = async (n: number): Promise<void> => {
          await Promise.resolve();
          const answer = await fetch(`/slow?ms=${(n * 37) % 90}&n=${n}&step=1`);
          await answer.json();
          await pause((n * 13) % 40);
          await Promise.all([fetch(`/a?n=${n}`), fetch(`/b?n=${n}`).then((r) => r.text())]);
          await new Promise((done) => requestAnimationFrame(done));
          await new Promise((done) => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', `/c?n=${n}`);
            xhr.onloadend = done;
            xhr.send();
          });
          queueMicrotask(() => void fetch(`/d?n=${n}`));
        };
        const clicks: Promise<void>[] = [];
        for (let n = 0; n < 30; n++) {
          const button = document.createElement('button');
          button.dataset['clickspanName'] = `n${n}`;
          button.addEventListener('click', () => void clicks.push(work(n)));
          document.body.append(button);
          // A message is a task without a context, so one click does not follow from the one before.
          const { port1, port2 } = new MessageChannel();
          await new Promise((done) => {
            port1.onmessage = () => {
              button.click();
              done(undefined);
            };
            port2.postMessage(0);
          });
          if (n % 3 === 0) await pause(10);
        }
        await Promise.all(clicks);
      });
      // The recorded addresses are masked, so the server's own record says which click a request was for.
      await collector.waitForSpans(150, hasType('request'));
      const actions = await collector.waitForSpans(30, hasType('action'));
      const nameOfTrace = new Map(actions.map((span) => [span.traceId, span.name]));
      const sent = site.requests.filter(({ url }) => url.includes('n='));
      const wrong = sent.flatMap(({ url, headers }) => {
        const traceId = String(headers['traceparent']).split('-')[1]!;
        const wanted = `click n${new URL(url, 'http://any').searchParams.get('n')}`;
        return nameOfTrace.get(traceId) === wanted ? [] : [`${url}: ${nameOfTrace.get(traceId)}`];
      });
      expect(sent.length).toBeGreaterThanOrEqual(150);
      expect(wrong).toEqual([]);
    },
  );
});

describe('actions', () => {
  it('make one action of a click on a label and the click that follows on its field', async () => {
    await page.goto(`${site.url}/`);
    await page.evaluate(() => {
      document.getElementById('box')!.addEventListener('click', () => void fetch('/x'));
    });
    await page.click('label');
    const request = await collector.waitForSpan(isRequestTo('/x'));
    await expectAction(request, 'click Label');
    expect(collector.spans.filter((s) => s.attributes['clickspan.action.type'] === 'click')).toHaveLength(1);
  });

  it('leave errors and unhandled rejections of the page as they were', async () => {
    await page.evaluate(() => {
      const seen: string[] = ((window as { seen?: string[] }).seen = []);
      window.addEventListener('unhandledrejection', (event) => seen.push(`rejection ${event.reason}`));
      window.addEventListener('error', (event) => seen.push(`error ${event.message}`));
    });
    await onClick(
      'one',
      `setTimeout(() => { throw new Error('thrown') }, 0); await fetch('http://127.0.0.1:9/')`,
    );
    await onClick('two', `fetch('http://127.0.0.1:9/').catch(() => {})`);
    await page.click('#one');
    await page.click('#two');
    await collector.waitForSpans(2, hasType('action'));
    expect(await page.evaluate(() => (window as { seen?: string[] }).seen?.sort())).toEqual([
      'error Uncaught Error: thrown',
      'rejection TypeError: Failed to fetch',
    ]);
  });
});
