import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newSpanId, newTraceId, sendSpans } from '../support/otlpTraces.ts';
import type { TestSpan } from '../support/otlpTraces.ts';

/** The promise is two seconds; a machine under load is granted more before a test calls it broken. */
const SHOWN_WITHIN_MS = 10_000;

let dataDir: string;
let console_: ConsoleProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the page threw, logged as an error, or was kept from by its security policy. */
let complaints: string[];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickspan-ui-'));
  console_ = await startConsoleProcess(dataDir);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await console_.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(SHOWN_WITHIN_MS);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});

afterEach(() => context.close());

const rowOf = (traceId: string): Locator => page.locator(`[data-trace-id="${traceId}"]`);
const spanOf = (spanId: string): Locator => page.locator(`[data-span-id="${spanId}"]`);
const panel = (): Locator => page.getByRole('complementary', { name: 'Span details' });
const open = (path: string): Promise<unknown> => page.goto(console_.consoleUrl + path);
const openTrace = (traceId: string): Promise<unknown> => open(`/traces/${traceId}`);
const send = async (spans: readonly TestSpan[]): Promise<void> => {
  expect((await sendSpans(console_.collectorUrl, spans)).status).toBe(200);
};

interface Purchase {
  readonly traceId: string;
  readonly action: string;
  readonly request: string;
  readonly init: string;
  readonly invocation: string;
  readonly call: string;
  readonly spans: readonly TestSpan[];
}

/** One cold purchase as the agents report it. */
function createPurchase(startUnixMs: number = Date.now() - 1_000): Purchase {
  const traceId = newTraceId();
  const [action, request, init, invocation, call] = [1, 2, 3, 4, 5].map(newSpanId) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const type = (name: string): Record<string, string> => ({ 'clickspan.span.type': name });
  const spans: readonly TestSpan[] = [
    {
      spanId: action,
      name: 'click "Buy"',
      service: 'shop',
      durationMs: 620,
      attributes: { ...type('action'), 'clickspan.action.type': 'click' },
    },
    {
      spanId: request,
      parentSpanId: action,
      name: 'POST /orders',
      service: 'shop',
      kind: 3,
      startUnixMs: startUnixMs + 10,
      durationMs: 560,
      attributes: { ...type('request'), 'http.request.method': 'POST', 'http.response.status_code': 201 },
    },
    {
      spanId: init,
      parentSpanId: request,
      name: 'init',
      service: 'orders',
      startUnixMs: startUnixMs + 20,
      durationMs: 430,
      attributes: type('init'),
    },
    {
      spanId: invocation,
      parentSpanId: request,
      name: 'orders',
      service: 'orders',
      kind: 2,
      startUnixMs: startUnixMs + 451,
      durationMs: 100,
      attributes: { ...type('invocation'), 'faas.coldstart': true, 'faas.trigger': 'http' },
    },
    {
      spanId: call,
      parentSpanId: invocation,
      name: 'PutItem orders',
      service: 'orders',
      kind: 3,
      startUnixMs: startUnixMs + 460,
      durationMs: 20,
      attributes: { ...type('call'), 'db.system.name': 'aws.dynamodb' },
    },
  ].map((span) => ({ startUnixMs, ...span, traceId }));
  return { traceId, action, request, init, invocation, call, spans };
}

describe('trace list', () => {
  it('shows what to do next while nothing has arrived', async () => {
    await open('/');
    await page.getByRole('heading', { name: 'Waiting for the first trace' }).waitFor();
    expect(await page.locator('pre').first().textContent()).toContain(
      `data-endpoint="${console_.collectorUrl}"`,
    );
    expect(complaints).toEqual([]);
  });

  it('shows a new trace without reload, its cold start marked, and marks it grown when more arrives', async () => {
    await open('/');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate('window.notReloaded = true');
    const purchase = createPurchase();
    await send(purchase.spans.filter((span) => span.spanId !== purchase.action));
    await rowOf(purchase.traceId).waitFor();
    await send(purchase.spans.filter((span) => span.spanId === purchase.action));
    await rowOf(purchase.traceId).getByRole('link', { name: 'click "Buy"' }).waitFor();
    const row = await rowOf(purchase.traceId).textContent();
    expect(row).toContain('shop');
    expect(row).toContain('620\u00a0ms');
    expect(row).toContain('cold');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('keeps its filters in the address and applies them', async () => {
    const [cold, warm] = [createPurchase(), newTraceId()];
    await send([...cold.spans, { traceId: warm, name: 'load /', service: 'warm-shop', durationMs: 5 }]);
    await open('/');
    await rowOf(warm).waitFor();
    await page.getByRole('button', { name: 'Cold starts' }).click();
    await rowOf(warm).waitFor({ state: 'detached' });
    await rowOf(cold.traceId).waitFor();
    expect(page.url()).toBe(`${console_.consoleUrl}/?cold=true`);
    await page.reload();
    await rowOf(cold.traceId).waitFor();
    expect(await rowOf(warm).count()).toBe(0);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByRole('combobox', { name: 'Service' }).selectOption('warm-shop');
    await rowOf(cold.traceId).waitFor({ state: 'detached' });
    await rowOf(warm).waitFor();
    await open('/?q=no%20such%20action');
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  });

  it('is walked with the keyboard and comes back to where it was left', async () => {
    const newest = newTraceId();
    await send([{ traceId: newest, name: 'the newest', startUnixMs: Date.now() + 2_000 }]);
    await open('/');
    await rowOf(newest).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/traces/${newest}`);
    await page.getByRole('tree').waitFor();
    await page.keyboard.press('Escape');
    await rowOf(newest).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
    expect(
      await page.evaluate(`document.activeElement.closest('[data-trace-id]')?.getAttribute('data-trace-id')`),
    ).toBe(newest);
  });

  it('holds new traces back while it is paused', async () => {
    const [before, after] = [newTraceId(), newTraceId()];
    await send([{ traceId: before, name: 'before the pause' }]);
    await open('/');
    await rowOf(before).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await send([{ traceId: after, name: 'after the pause' }]);
    const held = page.getByRole('button', { name: '1 new trace' });
    await held.waitFor();
    expect(await rowOf(after).count()).toBe(0);
    await held.click();
    await rowOf(after).waitFor();
  });

  it('loads older traces below', async () => {
    const startUnixMs = Date.now() - 3_600_000;
    const spans = Array.from({ length: 130 }, (_, index) => ({
      traceId: newTraceId(),
      name: `old ${index}`,
      service: 'old-shop',
      startUnixMs: startUnixMs + index * 1_000,
    }));
    await send(spans);
    await open('/?service=old-shop');
    await rowOf(spans.at(-1)!.traceId).waitFor();
    await page.getByRole('button', { name: 'Load older' }).click();
    await page.getByText('100+ traces').waitFor();
    await page.getByRole('button', { name: 'Load older' }).click();
    await page.getByText('130 traces').waitFor();
    await page.getByText('No older traces.').waitFor();
    expect(await page.locator('[data-trace-id]').count()).toBe(130);
    const newer = newTraceId();
    await send([{ traceId: newer, name: 'new', service: 'old-shop' }]);
    await rowOf(newer).waitFor();
    await page.getByText('131 traces').waitFor();
    expect(await page.getByText('No older traces.').count()).toBe(1);
  });
});

describe('trace page', () => {
  it('draws the waterfall from the action down, with the cold start told from the root on', async () => {
    const purchase = createPurchase();
    await send(purchase.spans);
    await openTrace(purchase.traceId);
    await page.getByText('Contains cold start: orders, 430\u00a0ms').waitFor();
    const rows = page.getByRole('treeitem');
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-span-id')))).toEqual([
      purchase.action,
      purchase.request,
      purchase.init,
      purchase.invocation,
      purchase.call,
    ]);
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-level')))).toEqual([
      '1',
      '2',
      '3',
      '3',
      '4',
    ]);
    for (const spanId of [purchase.action, purchase.request]) {
      expect(await spanOf(spanId).getAttribute('aria-label')).toContain('contains a cold start below');
    }
    expect(await spanOf(purchase.invocation).getAttribute('aria-label')).toContain('cold start');
    expect(await spanOf(purchase.call).getAttribute('aria-label')).not.toContain('cold start');

    // The bars lie as the times do: the invocation begins where its init ends.
    const bars = await Promise.all(
      [purchase.init, purchase.invocation].map((spanId) => spanOf(spanId).locator('.bar').boundingBox()),
    );
    expect(bars[0]!.x + bars[0]!.width).toBeLessThanOrEqual(bars[1]!.x + 1);
    expect(bars[0]!.width / bars[1]!.width).toBeCloseTo(4.3, 0);
    expect(complaints).toEqual([]);
  });

  it('zooms in around a span, and back to the whole', async () => {
    const purchase = createPurchase();
    await send(purchase.spans);
    await openTrace(purchase.traceId);
    const width = async (): Promise<number> =>
      (await spanOf(purchase.call).locator('.bar').boundingBox())!.width;
    await page.getByRole('tree').focus();
    await page.keyboard.press('End');
    const before = await width();
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Whole trace' }).waitFor();
    expect((await width()) / before).toBeCloseTo(2, 0);
    await page.keyboard.press('0');
    await page.getByRole('button', { name: 'Whole trace' }).waitFor({ state: 'detached' });
    expect(await width()).toBeCloseTo(before, 0);
  });

  it('shows everything of a span on click, and opens it again by its link', async () => {
    const purchase = createPurchase();
    await send(purchase.spans);
    await openTrace(purchase.traceId);
    await spanOf(purchase.call).click();
    await panel().getByRole('heading', { name: 'PutItem orders' }).waitFor();
    const shown = await panel().textContent();
    for (const told of ['db.system.name', 'aws.dynamodb', 'Client', purchase.call, purchase.invocation]) {
      expect(shown).toContain(told);
    }
    expect(page.url()).toContain(`?span=${purchase.call}`);
    await page.reload();
    await panel().getByRole('heading', { name: 'PutItem orders' }).waitFor();
    await page.keyboard.press('Escape');
    await panel().waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('is folded and walked with the keyboard', async () => {
    const purchase = createPurchase();
    await send(purchase.spans);
    await openTrace(purchase.traceId);
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await spanOf(purchase.call).waitFor({ state: 'detached' });
    expect(await spanOf(purchase.request).getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await panel().getByRole('heading', { name: 'PutItem orders' }).waitFor();
  });

  it('grows while it is open, from a trace that is not there yet', async () => {
    const purchase = createPurchase();
    await openTrace(purchase.traceId);
    await page.getByRole('heading', { name: 'No such trace here' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await send(purchase.spans.filter((span) => span.spanId !== purchase.action));
    await page.getByText('The root span has not arrived yet').waitFor();
    expect(await spanOf(purchase.request).getAttribute('aria-label')).toContain('its parent has not arrived');
    await send(purchase.spans.filter((span) => span.spanId === purchase.action));
    await spanOf(purchase.action).waitFor();
    expect(await spanOf(purchase.request).getAttribute('aria-level')).toBe('2');
  });

  it('draws a function whose clock is wrong within its caller, and says so', async () => {
    const startUnixMs = Date.now() - 1_000;
    const [traceId, request, invocation] = [newTraceId(), newSpanId(), newSpanId()];
    await send([
      { traceId, spanId: request, name: 'GET /', service: 'shop', kind: 3, startUnixMs, durationMs: 100 },
      {
        traceId,
        spanId: invocation,
        parentSpanId: request,
        name: 'late clock',
        service: 'orders',
        kind: 2,
        startUnixMs: startUnixMs - 60_000,
        durationMs: 50,
      },
    ]);
    await openTrace(traceId);
    await spanOf(invocation).click();
    await panel().getByText('The clock of this service and that of its caller differ').waitFor();
    const [outer, inner] = await Promise.all([
      spanOf(request).locator('.bar').boundingBox(),
      spanOf(invocation).locator('.bar').boundingBox(),
    ]);
    expect(inner!.x).toBeGreaterThan(outer!.x);
    expect(inner!.x + inner!.width).toBeLessThan(outer!.x + outer!.width);
  });

  it('draws only the rows in sight of 5,000, and finds the last of them', async () => {
    const traceId = newTraceId();
    const root = newSpanId();
    const startUnixMs = Date.now() - 60_000;
    await send([
      { traceId, spanId: root, name: 'root of many', startUnixMs, durationMs: 50_000 },
      ...Array.from({ length: 4_999 }, (_, index) => ({
        traceId,
        parentSpanId: root,
        name: `item ${index}.`,
        startUnixMs: startUnixMs + index * 9,
      })),
    ]);
    await openTrace(traceId);
    await page.getByText('5\u202f000 spans').waitFor();
    expect(await page.getByRole('treeitem').count()).toBeLessThan(120);
    await page.getByRole('textbox', { name: 'Find a span' }).fill('item 4998.');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem').filter({ hasText: 'item 4998.' }).waitFor();
    expect(await page.getByRole('treeitem').count()).toBeLessThan(120);
    expect(complaints).toEqual([]);
  });

  it('says what to do about an address that leads nowhere', async () => {
    await open('/no/such/page');
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
    await page.getByRole('link', { name: 'All traces' }).click();
    await page.getByRole('heading', { name: 'Traces', exact: true }).waitFor();
  });
});

describe('safety', () => {
  it('shows hostile text as text', async () => {
    const [traceId, spanId] = [newTraceId(), newSpanId()];
    const hostile = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
    await send([
      {
        traceId,
        spanId,
        name: hostile,
        service: hostile,
        error: hostile,
        attributes: { [hostile]: hostile, 'url.full': 'javascript:window.harmed=1' },
      },
    ]);
    await open('/');
    await rowOf(traceId).getByRole('link', { name: hostile }).click();
    await spanOf(spanId).click();
    await panel().getByRole('heading', { name: hostile }).waitFor();
    expect(await panel().textContent()).toContain('javascript:window.harmed=1');
    expect(await page.locator('main img, main script, a[href^="javascript"]').count()).toBe(0);
    expect(await page.evaluate('window.harmed')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  it('lets no text become markup, and nothing from elsewhere in', async () => {
    const answer = await fetch(console_.consoleUrl);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    await open('/');
    const outcome = await page.evaluate(
      `(() => { try { document.body.innerHTML = '<b>x</b>'; return 'let in'; } catch { return 'refused'; } })()`,
    );
    expect(outcome).toBe('refused');
  });

  it('refuses a web page of another origin: engine, collector settings and query API stay closed to it', async () => {
    const stranger = await startStranger();
    try {
      await page.goto(stranger.url);
      const attempts = {
        engine: `${console_.engine!.url}/?query=SELECT%201`,
        engineWrite: `${console_.engine!.url}/?query=DROP%20TABLE%20otel_traces`,
        query: `${console_.consoleUrl}/api/traces`,
      };
      for (const [what, url] of Object.entries(attempts)) {
        const outcome = await page.evaluate(
          `fetch(${JSON.stringify(url)}, { method: ${what === 'query' ? '"GET"' : '"POST"'}, body: ${what === 'query' ? 'undefined' : '"x"'} })
            .then((response) => response.text()).then((text) => 'read: ' + text.slice(0, 80), () => 'refused')`,
        );
        expect(`${what} ${String(outcome)}`).toBe(`${what} refused`);
      }
      // A page may send without reading the answer, so the engine itself must have refused.
      const blind = await page.evaluate(
        `fetch(${JSON.stringify(attempts.engineWrite)}, { method: 'POST', mode: 'no-cors', body: 'x' }).then((response) => response.type)`,
      );
      expect(blind).toBe('opaque');
      const direct = await fetch(attempts.engine, { method: 'POST', headers: { origin: stranger.url } });
      expect(direct.status).toBe(404);
      expect((await fetch(`${console_.consoleUrl}/api/traces?limit=1`)).status).toBe(200);
    } finally {
      await stranger.stop();
    }
  });
});

describe('connection', () => {
  it('says when the console is away, and goes on by itself when it is back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'clickspan-ui-away-'));
    let other = await startConsoleProcess(dir);
    const ports = {
      CLICKSPAN_COLLECTOR_PORT: new URL(other.collectorUrl).port,
      CLICKSPAN_CONSOLE_PORT: new URL(other.consoleUrl).port,
    };
    try {
      const first = createPurchase();
      expect((await sendSpans(other.collectorUrl, first.spans)).status).toBe(200);
      await page.goto(other.consoleUrl);
      await rowOf(first.traceId).waitFor();
      await other.end('SIGTERM');
      await page.getByText('The console does not answer.').waitFor();
      expect(await rowOf(first.traceId).count()).toBe(1);
      other = await startConsoleProcess(dir, ports);
      await page.getByText('Live', { exact: true }).waitFor({ timeout: 30_000 });
      const second = createPurchase();
      expect((await sendSpans(other.collectorUrl, second.spans)).status).toBe(200);
      await rowOf(second.traceId).waitFor();
      await rowOf(first.traceId).waitFor();
    } finally {
      await other.end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('colours', () => {
  it('follow the system until the reader chooses, and remember the choice', async () => {
    const background = (): Promise<unknown> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'dark' });
    await open('/');
    const dark = await background();
    await page.getByRole('button', { name: 'Colours: as the system' }).click();
    await page.getByRole('button', { name: 'Colours: dark' }).click();
    await page.getByRole('button', { name: 'Colours: light' }).waitFor();
    const light = await background();
    expect(light).not.toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: 'Colours: light' }).waitFor();
    expect(await background()).toBe(light);
    expect(complaints).toEqual([]);
  });
});

describe('small screens', () => {
  it('fits 360 pixels without scrolling sideways, in both themes', async () => {
    const purchase = createPurchase();
    await send(purchase.spans);
    await page.setViewportSize({ width: 360, height: 740 });
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of [
        '/',
        `/traces/${purchase.traceId}`,
        `/traces/${purchase.traceId}?span=${purchase.call}`,
      ]) {
        await open(path);
        await page.locator('[data-trace-id], [role=treeitem]').first().waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      }
    }
  });
});

/** A web page that has nothing to do with us. */
async function startStranger(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>stranger</title>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
