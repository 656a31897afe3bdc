import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionOf, hasType, isRequestTo, openPage } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

const repository = resolve(import.meta.dirname, '../..');
let browser: Browser;
let collector: FakeCollector;

beforeAll(async () => {
  collector = await startFakeCollector();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await collector?.stop();
});

const readExample = (name: string): string => readFileSync(join(repository, 'examples', name), 'utf8');

/** Bundles an example's script as a user would. */
async function bundleExample(file: string): Promise<string> {
  const bundle = await rolldown({
    input: join(repository, 'examples', file),
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  return output[0].code;
}

/** Serves an example as it stands, but for the collector's address. */
function serve(html: string, script = ''): Promise<TestOrigin> {
  const withCollector = (text: string): string => text.replaceAll('https://collector.example', collector.url);
  return startTestOrigin('localhost', {
    '/': { html: withCollector(html) },
    '/main.js': { html: withCollector(script), headers: { 'content-type': 'text/javascript' } },
  });
}

const isOf =
  (service: string) =>
  ({ resource }: { resource: Readonly<Record<string, unknown>> }) =>
    resource['service.name'] === service;

describe('the example', () => {
  it('plain HTML traces the click and its request', async () => {
    const snippet = join(repository, 'packages/browser/dist/clickspan.snippet.js');
    const html = readExample('plain-html/index.html');
    expect(html).toContain('/* clickspan.snippet.js */');
    const text = existsSync(snippet) ? readFileSync(snippet, 'utf8') : '';
    const site = await serve(html.replace('/* clickspan.snippet.js */', () => text));
    const { page, errors } = await openPage(browser, site.url);
    await page.click('#order');
    await page.getByText('Ordered').waitFor();
    const request = await collector.waitForSpan(
      (span) => isOf('plain-html')(span) && isRequestTo('/api/orders')(span),
    );
    expect((await actionOf(collector, request)).name).toBe('click Order');
    expect(errors).toEqual([]);
    await site.stop();
  });

  it('React traces the click and names the route', async () => {
    const site = await serve(readExample('react/index.html'), await bundleExample('react/main.tsx'));
    const { page, errors } = await openPage(browser, site.url);
    await page.getByText('Spring sale').click();
    const click = await collector.waitForSpan(
      (span) => isOf('react')(span) && hasType('action', 'click Spring sale')(span),
    );
    expect(click.events.map(({ attributes }) => attributes['url.template'])).toContain('/orders/:id');
    await page.getByRole('button', { name: 'Order' }).click();
    await page.getByText('Ordered').waitFor();
    const request = await collector.waitForSpan((span) => isOf('react')(span) && hasType('request')(span));
    const action = await actionOf(collector, request);
    expect([action.name, action.attributes['url.template']]).toEqual(['click Order', '/orders/:id']);
    expect(errors).toEqual([]);
    await site.stop();
  });

  it('OpenTelemetry edition has the span of the page between the click and the request', async () => {
    const site = await serve(
      readExample('opentelemetry/index.html'),
      await bundleExample('opentelemetry/main.ts'),
    );
    const { page, errors } = await openPage(browser, site.url);
    await page.click('#order');
    await page.getByText('Ordered').waitFor();
    const request = await collector.waitForSpan(
      (span) => isOf('opentelemetry')(span) && hasType('request')(span),
    );
    const checkout = await actionOf(collector, request);
    expect(request.scope).toBe('@opentelemetry/instrumentation-fetch');
    expect([checkout.name, checkout.scope]).toEqual(['checkout', 'shop']);
    expect((await actionOf(collector, checkout)).name).toBe('click Order');
    expect(errors).toEqual([]);
    await site.stop();
  });
});
