import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { quantile, toFigure, type Figure } from './figure.ts';

const script: string = resolve(import.meta.dirname, '../../packages/browser/dist/clickspan.js');

/** How to measure. */
export interface BrowserInitOptions {
  /** Pages loaded for each of the two cases. */
  readonly rounds: number;
  /** Busy time put into the agent's script, ms: shows that the bench sees what it should. */
  readonly injectedMs?: number;
}

/**
 * Measures how long a page's main thread is held by the agent's script: compiling, evaluating, starting.
 *
 * Each sample is a fresh page, isolated so that its clock is fine (5 µs), that appends one inline script; an empty script
 * is measured in turn and its median taken off. No code cache, no collector.
 */
export async function measureBrowserInit({ rounds, injectedMs = 0 }: BrowserInitOptions): Promise<Figure> {
  const agent = readFileSync(join(script), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const busy = `{const end=performance.now()+${injectedMs};while(performance.now()<end);}`;
  const cases = { empty: ';', agent: injectedMs > 0 ? `${busy}${agent}` : agent };
  const server = createServer((_, response) => {
    response.writeHead(200, {
      'content-type': 'text/html',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end('<!doctype html><title>bench</title><body>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = await launchChromium();
  const samples = { empty: [] as number[], agent: [] as number[] };
  try {
    await sample(browser, url, cases.agent);
    for (let round = 0; round < rounds; round++) {
      samples.empty.push(await sample(browser, url, cases.empty));
      samples.agent.push(await sample(browser, url, cases.agent));
    }
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
  const empty = quantile(samples.empty, 0.5);
  return toFigure(
    { name: 'browser agent, eval + init', unit: 'ms', goal: 3, better: 'less', client: 'chromium' },
    samples.agent.map((ms) => ms - empty),
  );
}

async function sample(browser: Browser, url: string, source: string): Promise<number> {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    return await page.evaluate((text) => {
      const element = document.createElement('script');
      element.dataset['endpoint'] = location.origin;
      element.textContent = text;
      const start = performance.now();
      document.body.append(element);
      return performance.now() - start;
    }, source);
  } finally {
    await page.close();
  }
}
