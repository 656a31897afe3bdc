import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newSpanId, newTraceId, sendSpans } from '../support/otlpTraces.ts';

const MARKUP = '<img src=x onerror="document.title=1">';

let dataDir: string;
let console_: ConsoleProcess;
let browser: Browser;
let page: Page;
/** What the browser complained about: scripts, the content security policy, files that are not there. */
let complaints: string[];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickspan-pages-'));
  [console_, browser] = await Promise.all([startConsoleProcess(dataDir), launchChromium()]);
});

afterAll(async () => {
  await browser.close();
  await console_.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  complaints = [];
  page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
});

async function sendPurchase(name: string): Promise<string> {
  const [traceId, root, start] = [newTraceId(), newSpanId(), Date.now() - 700];
  const response = await sendSpans(console_.collectorUrl, [
    { traceId, spanId: root, name, service: 'shop', startUnixMs: start, durationMs: 700 },
    {
      traceId,
      parentSpanId: root,
      name: 'POST /orders',
      kind: 2,
      service: 'orders',
      startUnixMs: start + 100,
      durationMs: 500,
      attributes: { 'faas.coldstart': true, 'clickspan.span.type': 'invocation', 'order.note': MARKUP },
    },
  ]);
  expect(response.status).toBe(200);
  return traceId;
}

describe('the pages, as the console serves them', () => {
  it('show a new trace without being loaded again', async () => {
    const listens = page.waitForResponse((response) => response.url().includes('/api/live'));
    await page.goto(console_.consoleUrl);
    await listens;
    await sendPurchase('click Buy live');
    await page.getByText('click Buy live').first().waitFor({ timeout: 30_000 });
    expect(complaints).toEqual([]);
  });

  it('show a trace by its address, and what is in it as text, never as markup', async () => {
    const traceId = await sendPurchase(`click ${MARKUP}`);
    await page.goto(`${console_.consoleUrl}/traces/${traceId}`);
    await page.getByText('POST /orders').first().click();
    await page.getByText(MARKUP, { exact: true }).first().waitFor({ timeout: 30_000 });
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
    expect(complaints).toEqual([]);
  });
});
