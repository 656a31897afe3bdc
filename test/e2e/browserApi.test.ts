import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actionOf, hasType, isRequestTo, openPage, toPageHtml } from '../support/agentPage.ts';
import { bundle } from '../support/bundle.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedSpan } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;

const BUTTON = '<button id="work">Work</button>';

/** A page's own code, which knows the API and not the agent. */
const INSTRUMENTED = `
  import { context, trace } from '@opentelemetry/api';
  const tracer = trace.getTracer('shop', '2.0.0');
  window.api = { context, trace };
  document.getElementById('work').addEventListener('click', () =>
    tracer.startActiveSpan('checkout', async (checkout) => {
      await fetch('/first');
      await tracer.startActiveSpan('pay', async (pay) => {
        await fetch('/second').then((response) => response.json());
        await fetch('/third');
        pay.end();
      });
      const held = tracer.startSpan('held');
      context.with(trace.setSpan(context.active(), held), () => void fetch('/fourth').then(() => held.end()));
      context.bind(context.active(), () => tracer.startSpan('bound').end())();
      checkout.end();
    }),
  );`;

/** The same with an SDK of the page's own. */
const WITH_OWN_SDK = `
  import { context, diag, trace } from '@opentelemetry/api';
  import { StackContextManager, WebTracerProvider } from '@opentelemetry/sdk-trace-web';
  window.register = () => {
    diag.setLogger({ error: (...text) => window.complaints.push(text.join(' ')), warn() {}, info() {}, debug() {}, verbose() {} });
    const ended = [];
    const processor = { onStart() {}, onEnd: (span) => ended.push(span.name), forceFlush: async () => {}, shutdown: async () => {} };
    new WebTracerProvider({ spanProcessors: [processor] }).register({ contextManager: new StackContextManager().enable() });
    return ended;
  };
  window.complaints = [];
  window.work = () => trace.getTracer('shop').startActiveSpan('own work', (span) => {
    const isCurrent = trace.getSpan(context.active()) === span;
    span.end();
    return isCurrent;
  });`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const endpoint = collector.url;
  const [instrumented, withOwnSdk] = await Promise.all([bundle(INSTRUMENTED), bundle(WITH_OWN_SDK)]);
  const tag = toPageHtml({ endpoint });
  site = await startTestOrigin('localhost', {
    '/': { html: toPageHtml({ endpoint }, `${BUTTON}<script>${instrumented}</script>`) },
    '/without': {
      html: toPageHtml({ endpoint, features: 'click,fetch' }, `${BUTTON}<script>${instrumented}</script>`),
    },
    '/sdk-after': { html: `${tag}<script>${withOwnSdk}; window.ended = window.register()</script>` },
    '/sdk-before': { html: `<script>${withOwnSdk}; window.ended = window.register()</script>${tag}` },
    '/sdk-kept': { html: `${tag}<script>${withOwnSdk}</script>` },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.stop();
});

beforeEach(() => collector.clear());

const named = (name: string): Promise<ReceivedSpan> => collector.waitForSpan((span) => span.name === name);

describe('spans that the page makes with @opentelemetry/api', () => {
  it('join the action, and requests join them, across await', async () => {
    const { page, errors } = await openPage(browser, site.url);
    await page.click('#work');
    const action = await collector.waitForSpan(hasType('action', 'click Work'));
    const [checkout, pay, held, bound] = await Promise.all(['checkout', 'pay', 'held', 'bound'].map(named));
    expect(checkout).toMatchObject({ traceId: action.traceId, parentSpanId: action.spanId, scope: 'shop' });
    expect([pay, held, bound].map((span) => span!.parentSpanId)).toEqual(Array(3).fill(checkout!.spanId));
    for (const [path, parent] of [
      ['/first', checkout],
      ['/second', pay],
      ['/third', pay],
      ['/fourth', held],
    ] as const) {
      const request = await collector.waitForSpan(isRequestTo(path));
      expect([path, request.parentSpanId]).toEqual([path, parent!.spanId]);
      expect(site.latest(path)!.headers['traceparent']).toContain(request.spanId);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('are left alone when the feature is off', async () => {
    const { page } = await openPage(browser, `${site.url}/without`);
    await page.click('#work');
    const first = await collector.waitForSpan(isRequestTo('/first'));
    expect((await actionOf(collector, first)).name).toBe('click Work');
    expect(collector.spans.filter(({ scope }) => scope === 'shop')).toEqual([]);
    await page.context().close();
  });

  it('are left alone when the agent is stopped', async () => {
    const { page } = await openPage(browser, site.url);
    const [before, after] = await page.evaluate(() => {
      const { api, clickspan } = window as unknown as {
        api: { trace: { getTracer(name: string): { startSpan(name: string): { isRecording(): boolean } } } };
        clickspan: { stop(): void };
      };
      const isRecording = (): boolean => api.trace.getTracer('late').startSpan('late').isRecording();
      const running = isRecording();
      clickspan.stop();
      return [running, isRecording(), Symbol.for('opentelemetry.js.api.1') in window];
    });
    expect([before, after]).toEqual([true, false]);
    expect(await page.evaluate(() => Symbol.for('opentelemetry.js.api.1') in window)).toBe(false);
    await page.context().close();
  });
});

describe('a provider that the page registers', () => {
  it.each(['/sdk-after', '/sdk-before'])('has the place, with its context manager: %s', async (path) => {
    const { page } = await openPage(browser, site.url + path);
    const result = await page.evaluate(() => {
      const { work, ended, complaints } = window as unknown as Record<string, never>;
      const isCurrent = (work as unknown as () => boolean)();
      return { isCurrent, ended, complaints };
    });
    expect(result).toEqual({ isCurrent: true, ended: ['own work'], complaints: [] });
    // Stopping takes nothing of the page's away.
    await page.evaluate(() => (window as unknown as { clickspan: { stop(): void } }).clickspan.stop());
    await page.evaluate(() => (window as unknown as { work(): void }).work());
    expect(await page.evaluate(() => (window as unknown as { ended: string[] }).ended)).toHaveLength(2);
    await page.context().close();
  });

  it('is waited for without harm: another part that the page registers leaves ours in place', async () => {
    const { page } = await openPage(browser, `${site.url}/sdk-kept`);
    const isCurrent = await page.evaluate(() => {
      const api = (window as unknown as Record<symbol, Record<string, unknown>>)[
        Symbol.for('opentelemetry.js.api.1')
      ]!;
      // As the API registers a logger.
      (window as unknown as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')] = api;
      api['diag'] = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
      return (window as unknown as { work(): boolean }).work();
    });
    expect(isCurrent).toBe(true);
    await named('own work');
    await page.context().close();
  });
});
