import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfigFile, startDev } from 'clickspan';
import { launchChromium } from '../test/support/chromium.ts';

// `npm run screenshots`: buys once in the demo's shop and photographs what a person sees, for README and docs.

const repository: string = resolve(import.meta.dirname, '..');
const images: string = join(repository, 'docs/images');
const WAIT_MS = 60_000;

interface TraceList {
  readonly traces: readonly {
    readonly traceId: string;
    readonly coldStartCount: number;
    readonly spanCount: number;
  }[];
}

mkdirSync(images, { recursive: true });
const config = readConfigFile(join(repository, 'examples/storefront/clickspan.config.json'));
const dataDir = join(config.dataDir, 'screenshots');
rmSync(dataDir, { recursive: true, force: true });
const dev = await startDev({ config: { ...config, dataDir } });
const browser = await launchChromium();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 640 }, deviceScaleFactor: 2 });
  const shop = await context.newPage();
  await shop.goto(`${dev.siteUrls['shop']}/`);
  await shop.locator('[data-products][aria-busy="false"]').waitFor({ timeout: WAIT_MS });
  await shop.locator('.product').first().getByRole('button', { name: 'Buy' }).click();
  await shop.locator('.said.good').waitFor({ timeout: WAIT_MS });
  await shop.screenshot({ path: join(images, 'shop.png') });

  const traceId = await waitForPurchase();
  const page = await context.newPage();
  await page.goto(dev.consoleUrl);
  await page.getByText('Buy').first().waitFor({ timeout: WAIT_MS });
  await page.screenshot({ path: join(images, 'traces.png') });
  await page.goto(`${dev.consoleUrl}/traces/${traceId}`);
  await page.getByText('fulfil').first().waitFor({ timeout: WAIT_MS });
  await page.screenshot({ path: join(images, 'waterfall.png') });
} finally {
  await browser.close();
  await dev.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** The trace of the purchase: the one with most spans and a cold start, once it has stopped growing. */
async function waitForPurchase(): Promise<string> {
  let before = '';
  for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline;) {
    const { traces } = (await (await fetch(`${dev.consoleUrl}/api/traces?limit=50`)).json()) as TraceList;
    const [largest] = traces
      .filter((trace) => trace.coldStartCount > 0)
      .sort((a, b) => b.spanCount - a.spanCount);
    const now = `${largest?.traceId} ${largest?.spanCount}`;
    if (largest && largest.spanCount >= 6 && now === before) return largest.traceId;
    before = now;
    await new Promise((done) => setTimeout(done, 1500));
  }
  throw new Error(
    'The purchase did not show up as a trace; run `npm run demo -- --once` to see which link is broken.',
  );
}
