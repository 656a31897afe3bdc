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

const FORM = `
<form id="search"><input id="q" placeholder="Search orders"><button id="find">Find</button></form>
<form id="plain"><input id="alone" aria-label="Alone"></form>
<button id="go">Go</button>
<div id="option" role="option" tabindex="0">Blue</div>
<textarea id="note"></textarea>
<script>
  const on = (id, type, listener) => document.getElementById(id).addEventListener(type, listener);
  const submitted = (event) => {
    event.preventDefault();
    fetch('/found');
  };
  on('search', 'submit', submitted);
  on('plain', 'submit', submitted);
  on('go', 'click', () => fetch('/gone'));
  on('option', 'keydown', (event) => event.key === 'Enter' && fetch('/chosen'));
  on('note', 'input', () => (document.getElementById('note').style.height = Math.random() + 'em'));
</script>`;

/** Each does something, and none of it is a request. Most are done once, so that each is clicked once. */
const ALIVE = `
<style>div { margin: 4px } .tall { height: 3000px }</style>
<div><button id="class" onclick="document.body.classList.toggle('open')">Class</button></div>
<div><button id="later" onclick="setTimeout(() => document.body.append('late'), 700)">Later</button></div>
<div><button id="longer" onclick="setTimeout(() => {}, 60000)">Longer</button></div>
<div><button id="message">Message</button></div>
<div><button id="focus" onclick="document.getElementById('text').focus()">Focus</button></div>
<div><button id="scroll" onclick="window.scrollTo(0, scrollY ? 0 : 40)">Scroll</button></div>
<div><button id="alert" onclick="alert('x')">Alert</button></div>
<div><button id="pick" onclick="Object.assign(document.createElement('input'), { type: 'file' }).click()">Pick</button></div>
<div><button id="save" onclick="Object.assign(document.createElement('a'), { href: 'data:,x', download: 'x' }).click()">Save</button></div>
<div><button id="popup" popovertarget="pop">Popup</button><p id="pop" popover="manual">Popover</p></div>
<div><button id="reset" form="fields" type="reset">Reset</button></div>
<div><button id="disabled" aria-disabled="true">Disabled</button></div>
<div><button id="sound">Sound</button><button id="tone">Tone</button><button id="copy">Copy</button></div>
<div><button id="window" onclick="window.open('/hang').close()">Window</button><button id="print" onclick="print()">Print</button></div>
<div><button id="full" onclick="document.body.requestFullscreen()">Full</button><button id="blob">Blob</button></div>
<div><button id="quiet" onclick="document.querySelector('video').muted = true">Quiet</button><video></video></div>
<div><a id="away" href="/hang" onclick="setTimeout(() => stop())">Away</a></div>
<div><a id="download" href="data:,x" download="x">Download</a></div>
<form id="fields">
  <div><input id="checkbox" type="checkbox"><label id="label" for="radio">Label</label><input id="radio" type="radio"></div>
  <div><input id="text"><select id="select"><option>1</option></select><textarea id="area"></textarea></div>
  <div><input id="file" type="file"></div>
</form>
<details><summary id="summary">Summary</summary>More</details>
<div id="shadow"></div><p id="paragraph">Paragraph</p>
<div class="tall"></div>
<script>
  const channel = new BroadcastChannel('x');
  new BroadcastChannel('x').onmessage = () => document.body.append('message');
  document.getElementById('message').onclick = () => channel.postMessage(1);
  // None of these changes the document, and most of them are in no document.
  const onClick = (id, run) => (document.getElementById(id).onclick = run);
  const audio = new AudioContext();
  onClick('sound', () => void new Audio('data:audio/wav,').play().catch(() => {}));
  onClick('tone', () => new OscillatorNode(audio).start());
  onClick('copy', () => void navigator.clipboard.writeText('x').catch(() => {}));
  onClick('blob', () => {
    const href = URL.createObjectURL(new Blob(['x']));
    Object.assign(document.createElement('a'), { href, download: 'x' }).dispatchEvent(new MouseEvent('click'));
  });
  document.getElementById('shadow').attachShadow({ mode: 'open' }).innerHTML = '<button>Shadow</button>';
</script>`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url };
  site = await startTestOrigin('localhost', {
    '/form': { html: toPageHtml(attributes, FORM) },
    '/alive': { html: toPageHtml(attributes, ALIVE) },
    '/idle': {
      html: toPageHtml(
        attributes,
        '<button>Idle</button><a role="button">Bare</a><a href="/x" onclick="event.preventDefault()">Link</a><input value="text"><p>Text of a paragraph</p>',
      ),
    },
    '/ticking': {
      html: toPageHtml(
        attributes,
        '<button>Idle</button><script>setInterval(() => (document.title = Math.random()), 50)</script>',
      ),
    },
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

async function open(path: string): Promise<void> {
  ({ page } = await openPage(browser, site.url + path));
  await collector.waitForSpan(hasType('action', `load ${path}`));
}

/** Ends all that is open, and gives what the user did, as far as it was recorded. */
async function endAll(): Promise<ReceivedSpan[]> {
  await page.evaluate(() => {
    window.clickspan!.startAction('the end');
    window.clickspan!.stop();
  });
  await collector.waitForSpan(hasType('action', 'the end'));
  return collector.spans.filter(
    (span) =>
      hasType('action')(span) &&
      !['load', 'custom'].includes(String(span.attributes['clickspan.action.type'])),
  );
}

describe('the keyboard', () => {
  it.each([
    ['in a field, with a button in the form', '#q', 'Enter', '/found', 'submit Find'],
    ['in a field without a button', '#alone', 'Enter', '/found', 'submit form#plain'],
    ['on a button', '#go', 'Enter', '/gone', 'click Go'],
    ['on the button of a form', '#find', 'Enter', '/found', 'submit Find'],
    ['by the space bar on a button', '#go', 'Space', '/gone', 'click Go'],
    ['on what only the page knows', '#option', 'Enter', '/chosen', 'key Enter Blue'],
  ])('makes one action of a key: %s', async (_where, selector, key, path, name) => {
    await open('/form');
    await page.focus(selector);
    await page.keyboard.press(key);
    const request = await collector.waitForSpan(isRequestTo(path));
    const actions = await endAll();
    expect(actions.map((action) => action.name)).toEqual([name]);
    expect(actions[0]!.attributes['clickspan.action.type']).toBe(name.split(' ')[0]);
    expect(request).toMatchObject({ traceId: actions[0]!.traceId, parentSpanId: actions[0]!.spanId });
  });

  it('makes none of writing', async () => {
    await open('/form');
    await page.focus('#note');
    await page.keyboard.type('first\nsecond\n');
    await page.focus('#go');
    await page.keyboard.press('a');
    expect(await endAll()).toEqual([]);
  });
});

describe('a submit', () => {
  it('by a click on its button belongs to the click', async () => {
    await open('/form');
    await page.click('#find');
    const request = await collector.waitForSpan(isRequestTo('/found'));
    const actions = await endAll();
    expect(actions.map((action) => action.name)).toEqual(['click Find']);
    expect(request.parentSpanId).toBe(actions[0]!.spanId);
  });

  it('by a script is an action of its own', async () => {
    await open('/form');
    await page.evaluate(() => document.querySelector('form')!.requestSubmit());
    const request = await collector.waitForSpan(isRequestTo('/found'));
    expect((await actionOf(collector, request)).name).toBe('submit form#search');
  });
});

const isDead = (span: ReceivedSpan): unknown => span.attributes['clickspan.action.dead_click'];

const PAGES = 8;

/** Clicks every eighth thing in a page of its own, each when the action of the one before has ended. */
async function clickShare(share: number): Promise<ReceivedSpan[]> {
  const { page } = await openPage(browser, `${site.url}/alive`);
  page.on('dialog', (dialog) => setTimeout(() => void dialog.accept(), 300));
  page.on('filechooser', () => {});
  page.on('download', () => {});
  await page.evaluate((n) => window.clickspan!.setAttributes({ 'test.page': n }), share);
  const isOfPage = (span: ReceivedSpan): boolean => span.attributes['test.page'] === share;
  await collector.waitForSpan((span) => hasType('action', 'load /alive')(span) && isOfPage(span));
  const targets = await page.$$(
    'button:not(#shadow *), a, label, input, select, textarea, summary, #paragraph, #shadow',
  );
  const actions: ReceivedSpan[] = [];
  for (const target of targets.filter((_, n) => n % PAGES === share)) {
    await target.click({ force: true });
    const isNew = (span: ReceivedSpan): boolean => !actions.some(({ spanId }) => spanId === span.spanId);
    actions.push(
      await collector.waitForSpan(
        (span) => hasType('action')(span) && !span.name.startsWith('load ') && isOfPage(span) && isNew(span),
      ),
    );
  }
  await page.context().close();
  return actions;
}

describe('a dead click', () => {
  it.each([
    ['/idle', 'button', 'Idle'],
    ['/idle', '[role=button]', 'Bare'],
    ['/idle', '[href]', 'Link'],
    // What goes on in the page without the click is none of its effects.
    ['/ticking', 'button', 'Idle'],
  ])('is one of which nothing comes: %s %s', async (path, selector, name) => {
    await open(path);
    await page.click(selector);
    expect(isDead(await collector.waitForSpan(hasType('action', `click ${name}`)))).toBe(true);
  });

  it('is none of which anything comes, nor on what only takes the focus', async () => {
    // Each click that could be dead is waited for a second, so several pages share the work.
    const shares = await Promise.all(Array.from({ length: PAGES }, (_, n) => clickShare(n)));
    const actions = shares.flat();
    expect(actions.length).toBeGreaterThan(20);
    expect(actions.filter(isDead).map(({ name }) => name)).toEqual([]);
  });
});

describe('rage clicks', () => {
  const countsOf = (actions: readonly ReceivedSpan[]): unknown[] =>
    actions.map((action) => action.attributes['clickspan.action.rage_clicks']);

  it('are told from the third click in a row on', async () => {
    await open('/idle');
    const box = (await (await page.$('button'))!.boundingBox())!;
    for (let n = 0; n < 4; n++) await page.mouse.click(box.x + 3 + n, box.y + 5);
    expect(countsOf(await endAll())).toEqual([undefined, undefined, 3, 4]);
  });

  it('are none on different things, none that set the cursor or select, and none of keys', async () => {
    await open('/idle');
    for (const selector of ['button', '[role=button]', '[href]', 'button']) await page.click(selector);
    for (const selector of ['input', 'p']) await page.click(selector, { clickCount: 4 });
    await page.focus('button');
    for (let n = 0; n < 4; n++) await page.keyboard.press('Enter');
    const actions = await endAll();
    expect(actions).toHaveLength(16);
    expect(countsOf(actions).filter(Boolean)).toEqual([]);
  });
});
