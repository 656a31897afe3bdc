import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { readConfigFile, startDev } from 'clickspan';
import type { Dev } from 'clickspan';
import { launchChromium } from '../support/chromium.ts';
import { repository, runDemoOnce, writeDemoConfig } from '../support/demoProcess.ts';
import type { DemoConfig } from '../support/demoProcess.ts';

interface Span {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly startUnixNano: string;
  readonly durationMs: number;
  readonly status: { code: string; message: string };
  readonly links: { traceId: string; spanId: string }[];
  readonly attributes: Record<string, string>;
}

interface Document {
  readonly runtimeClient: string;
  readonly traces: { traceId: string; spans: Span[] }[];
}

const type = (span: Span): string | undefined => span.attributes['clickspan.span.type'];

/** The one span that fits; anything but one is a fault. */
function only(spans: readonly Span[], what: string, fits: (span: Span) => boolean): Span {
  const found = spans.filter(fits);
  expect(
    found.map(({ name }) => name),
    what,
  ).toHaveLength(1);
  return found[0]!;
}

function expectChain(spans: readonly Span[], cold: boolean, pageService: string): void {
  const childOf = (parent: Span) => (span: Span) => span.parentSpanId === parent.spanId;
  const action = only(spans, 'roots', (span) => span.parentSpanId === '');
  expect(action).toMatchObject({ kind: 'Internal', service: pageService });
  expect(action.attributes).toMatchObject({
    'clickspan.span.type': 'action',
    'clickspan.action.type': 'click',
  });
  expect(action.name).toContain('Buy');

  const post = only(
    spans,
    'orders',
    (span) => span.attributes['http.request.method'] === 'POST' && type(span) === 'request',
  );
  expect(post).toMatchObject({ kind: 'Client', service: pageService, parentSpanId: action.spanId });
  expect(post.attributes['http.response.status_code']).toBe('201');

  const orders = only(
    spans,
    'orders invocation',
    (span) => type(span) === 'invocation' && span.service === 'orders',
  );
  expect(orders).toMatchObject({ kind: 'Server', parentSpanId: post.spanId });
  expect(orders.attributes['faas.coldstart']).toBe(String(cold));

  const inits = spans.filter((span) => type(span) === 'init' && span.service === 'orders');
  expect(inits.map(({ name, parentSpanId }) => ({ name, parentSpanId }))).toEqual(
    cold ? [{ name: 'init', parentSpanId: post.spanId }] : [],
  );

  const below = spans.filter(childOf(orders));
  expect(below.map(type)).toEqual(['call', 'call']);
  const write = only(below, 'write', (span) => /PutItem/.test(span.name));
  const send = only(below, 'send', (span) => /Send/.test(span.name));
  expect([write.kind, send.kind]).toEqual(['Client', 'Producer']);

  const fulfil = only(
    spans,
    'fulfil invocation',
    (span) => type(span) === 'invocation' && span.service === 'fulfil',
  );
  expect(fulfil).toMatchObject({ kind: 'Consumer', parentSpanId: send.spanId });
  expect(fulfil.attributes['faas.coldstart']).toBe(String(cold));
  only(spans.filter(childOf(fulfil)), 'update', (span) => /UpdateItem/.test(span.name));

  expect(new Set(spans.map(({ spanId }) => spanId)).size, 'each span id once').toBe(spans.length);
  const ids = new Set(['', ...spans.map(({ spanId }) => spanId)]);
  expect(
    spans.filter(({ parentSpanId }) => !ids.has(parentSpanId)),
    'every parent is there',
  ).toEqual([]);
}

describe('npm run demo -- --once', () => {
  const config = writeDemoConfig();
  afterAll(() => config.remove());

  it('--json prints one document: a whole cold trace, then a whole warm one', async () => {
    const { status, out, err } = await runDemoOnce('--json', '--config', config.file);
    expect(status, err).toBe(0);
    const document = JSON.parse(out) as Document;
    expect(Object.keys(document)).toEqual(['runtimeClient', 'traces']);
    expect(document.runtimeClient).toMatch(/^(native|stand-in)$/);
    if (process.env['REQUIRE_NATIVE'] === '1') expect(document.runtimeClient).toBe('native');
    expect(document.traces).toHaveLength(2);
    const [cold, warm] = document.traces;
    expectChain(cold!.spans, true, 'storefront');
    expectChain(warm!.spans, false, 'storefront');
    expect(warm!.traceId).not.toBe(cold!.traceId);
    for (const span of [...cold!.spans, ...warm!.spans]) {
      expect(Object.keys(span).toSorted()).toEqual(
        'attributes durationMs kind links name parentSpanId service spanId startUnixNano status'.split(' '),
      );
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(span.startUnixNano).toMatch(/^1[0-9]{18}$/);
      expect(span.durationMs).toBeGreaterThanOrEqual(0);
      expect(span.status.code).not.toBe('Error');
    }
  });

  it.each(['/', '/app/'])('runs on the OpenTelemetry edition too: %s', async (path) => {
    const choice = ['--edition', 'opentelemetry', '--page', path];
    const { status, out, err } = await runDemoOnce(...choice, '--json', '--config', config.file);
    expect(status, err).toBe(0);
    const { traces } = JSON.parse(out) as Document;
    const pageService = path === '/' ? 'storefront' : 'espresso-bar';
    expectChain(traces[0]!.spans, true, pageService);
    expectChain(traces[1]!.spans, false, pageService);
    // Nothing of it stays beside the configuration.
    expect(readdirSync(config.folder).filter((name) => name.includes('opentelemetry'))).toEqual([]);
    const served = join(repository, 'examples/storefront/dist/site-opentelemetry');
    expect(readFileSync(join(served, 'clickspan.js'), 'utf8')).toContain(
      '@opentelemetry/instrumentation-fetch',
    );
    expect(readFileSync(join(served, 'app/app.js'), 'utf8')).toContain(
      '@opentelemetry/instrumentation-fetch',
    );
  });

  it('draws both traces for people on the page that takes the agent by npm, cold starts marked', async () => {
    const { status, out, err } = await runDemoOnce('--page', '/app/', '--config', config.file);
    expect(status, err).toBe(0);
    const [, cold, warm] = /Buy 1: cold\n([^]*)Buy 2: warm\n([^]*)/.exec(out) ?? [];
    expect(cold).toMatch(/├─ init +orders .* ms +cold\n/);
    expect(cold).toMatch(/└─ POST \/orders +orders .* ms +cold\n/);
    expect(cold).toMatch(/espresso-bar/);
    expect(warm).toMatch(/└─ POST \/orders +orders .* ms\n/);
    expect(warm).not.toMatch(/cold/);
    expect(out).toMatch(/runtime client: (native|stand-in)\n/);
  });
});

describe('the shop', () => {
  let config: DemoConfig;
  let dev: Dev;
  let browser: Browser;

  beforeAll(async () => {
    config = writeDemoConfig();
    dev = await startDev({ config: readConfigFile(config.file) });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await dev?.stop();
    config?.remove();
  });

  const ask = async <T>(path: string): Promise<T> =>
    (await fetch(new URL(path, dev.consoleUrl)).then((response) => response.json())) as T;

  const readAllSpans = async (): Promise<(Span & { traceId: string })[]> => {
    const { traces } = await ask<{ traces: { traceId: string }[] }>('/api/traces?limit=500');
    const all = await Promise.all(
      traces.map(async ({ traceId }) => {
        const { spans } = await ask<{ spans: Span[] }>(`/api/traces/${traceId}`);
        return spans.map((span) => ({ ...span, traceId }));
      }),
    );
    return all.flat();
  };

  const countEnded = (name: string): number =>
    dev
      .environments()
      .filter(({ functionName }) => functionName === name)
      .flatMap(({ invocations }) => invocations)
      .filter(({ endUnixMs }) => endUnixMs !== undefined).length;

  it('keeps overlapping purchases apart, and finds just the cold starts that there were', async () => {
    const page = await browser.newPage();
    await page.goto(`${dev.siteUrls['shop']}/`);
    const buttons = page.getByRole('button', { name: 'Buy' });
    await buttons.nth(2).waitFor();
    // Three at once, so that several environments start; then two that find them warm.
    await page.evaluate(() => {
      for (const button of [...document.querySelectorAll('button')].slice(0, 3)) button.click();
    });
    await expect.poll(() => countEnded('fulfil'), { timeout: 30_000 }).toBeGreaterThanOrEqual(1);
    await expect.poll(() => countEnded('orders'), { timeout: 30_000 }).toBe(3);
    await page.evaluate(() => {
      for (const button of [...document.querySelectorAll('button')].slice(3, 5)) button.click();
    });
    await expect.poll(() => countEnded('orders'), { timeout: 30_000 }).toBe(5);

    const isPost = (span: Span): boolean =>
      type(span) === 'request' && span.attributes['http.request.method'] === 'POST';
    const isOrder = (span: Span): boolean => type(span) === 'invocation' && span.service === 'orders';
    const isClick = (span: Span): boolean => span.attributes['clickspan.action.type'] === 'click';
    const isFulfilment = (span: Span): boolean => type(span) === 'invocation' && span.service === 'fulfil';
    const isAwaited = (span: Span): boolean =>
      isPost(span) || isOrder(span) || isClick(span) || isFulfilment(span);
    await expect.poll(() => countEnded('fulfil'), { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    await expect
      .poll(async () => (await readAllSpans()).filter(isAwaited).length - countEnded('fulfil'), {
        timeout: 30_000,
      })
      .toBe(15);
    await page.close();

    const spans = await readAllSpans();
    const posts = spans.filter(isPost);
    expect(new Set(posts.map(({ traceId }) => traceId)).size).toBe(5);
    for (const { traceId } of posts) {
      const own = spans.filter((span) => span.traceId === traceId);
      only(own, 'action', isClick);
      only(own, 'order', isOrder);
      only(own, 'question', (span) => type(span) === 'request' && !isPost(span));
    }

    // The agent's word on cold starts against the emulator's own record of processes.
    const recorded = new Map(
      dev
        .environments()
        .flatMap(({ invocations }) => invocations.map((one) => [one.requestId, one.cold] as const)),
    );
    const said = spans
      .filter((span) => type(span) === 'invocation')
      .map(
        (span) =>
          [span.attributes['faas.invocation_id']!, span.attributes['faas.coldstart'] === 'true'] as const,
      );
    expect(said.length).toBeGreaterThanOrEqual(12);
    expect(said).toEqual(said.map(([requestId]) => [requestId, recorded.get(requestId)]));
    expect(said.filter(([, cold]) => cold).length).toBeGreaterThanOrEqual(3);
    const inits = spans.filter((span) => type(span) === 'init').length;
    expect(inits).toBe(said.filter(([, cold]) => cold).length);
  });

  it("lets no other origin's page use the API", async () => {
    const stranger = createServer((_, response) => response.end('a page of somebody else'));
    await new Promise<void>((done) => stranger.listen(0, '127.0.0.1', done));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`);
    const outcome = await page.evaluate(
      (url) =>
        fetch(url).then(
          () => 'answered',
          () => 'refused',
        ),
      `${dev.apiUrls['shop']}/catalog`,
    );
    expect(outcome).toBe('refused');
    await page.close();
    stranger.close();
  });

  it('shows its addresses on both pages and a shelf of pictures', async () => {
    const page = await browser.newPage();
    for (const path of ['/', '/app/']) {
      await page.goto(dev.siteUrls['shop'] + path);
      await page.locator('.product svg.bag').first().waitFor();
      expect(await page.content()).not.toContain('{{');
    }
    await page.close();
  });
});
