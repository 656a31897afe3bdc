import type { Page, Request } from 'playwright-core';

/** What one purchase looked like from the page and its network. */
export interface Purchase {
  readonly startUnixMs: number;
  /** What the shop told the customer. */
  readonly said: string;
  readonly succeeded: boolean;
  /** The order's request header as it was sent; undefined when there was none. */
  readonly traceparent: string | undefined;
  /** Status of the answer to the order; undefined when there was no answer. */
  readonly httpStatus: number | undefined;
  /** `Server-Timing` of that answer, by which the agent inside the function makes itself known. */
  readonly serverTiming: string | undefined;
}

/** What became of the page's own reports to the collector. */
export interface PageReports {
  readonly url: string;
  /** Status of the answer, or why there was none. */
  readonly outcome: string;
  readonly failed: 'no' | 'unreachable' | 'refused';
}

const STEP_TIMEOUT_MS = 60_000;

/** The shop's page did not come to show what it sells. */
export class ShopClosed extends Error {}

/**
 * Watches what the page sends to the collector.
 *
 * @param page before anything is loaded
 * @returns a list that grows
 */
export function observeReports(page: Page): readonly PageReports[] {
  const reports: PageReports[] = [];
  const isReport = (request: Request): boolean =>
    request.method() === 'POST' && new URL(request.url()).pathname.endsWith('/v1/traces');
  page.on('requestfailed', (request) => {
    if (!isReport(request)) return;
    const outcome = request.failure()?.errorText ?? 'failed';
    reports.push({ url: request.url(), outcome, failed: 'unreachable' });
  });
  page.on('response', (response) => {
    if (!isReport(response.request())) return;
    const failed = response.ok() ? 'no' : 'refused';
    reports.push({ url: response.url(), outcome: `status ${response.status()}`, failed });
  });
  return reports;
}

/** Opens the shop and waits until the shelves are full. */
export async function openShop(page: Page, url: string): Promise<void> {
  await page.goto(url, { timeout: STEP_TIMEOUT_MS });
  await page.locator('[data-products][aria-busy="false"]').waitFor({ timeout: STEP_TIMEOUT_MS });
  const problem = page.locator('.problem');
  if ((await problem.count()) > 0)
    throw new ShopClosed(`The shop opened empty: ${await problem.first().innerText()}`);
}

/**
 * Clicks "Buy" on the first product and waits until the shop has said how it went.
 *
 * @param page an open shop
 */
export async function buy(page: Page): Promise<Purchase> {
  const startUnixMs = Date.now();
  const product = page.locator('.product').first();
  const order: { request?: Request } = {};
  const onRequest = (request: Request): void => {
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/orders') order.request = request;
  };
  page.on('request', onRequest);
  await product.getByRole('button', { name: 'Buy' }).click({ timeout: STEP_TIMEOUT_MS });
  const said = product.locator('.said.good, .said.bad');
  await said.waitFor({ timeout: STEP_TIMEOUT_MS });
  page.off('request', onRequest);
  const { request } = order;
  const response = await request?.response();
  return {
    startUnixMs,
    said: await said.innerText(),
    succeeded: (await said.getAttribute('class'))?.includes('good') ?? false,
    traceparent: (await request?.allHeaders())?.['traceparent'],
    httpStatus: response?.status(),
    serverTiming: (await response?.allHeaders())?.['server-timing'],
  };
}
