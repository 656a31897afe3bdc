import { existsSync } from 'node:fs';
import puppeteer, { type Browser } from 'puppeteer-core';

const SYSTEM_BROWSERS: readonly string[] = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** Where the system's Firefox is, or the one that `FIREFOX_PATH` names; `undefined` where there is none. */
export function findFirefox(): string | undefined {
  return process.env['FIREFOX_PATH'] ?? SYSTEM_BROWSERS.find((path) => existsSync(path));
}

/** Starts a headless Firefox, steered by WebDriver BiDi. */
export function launchFirefox(executablePath: string): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    timeout: 60_000,
    // A test browser asks nobody for anything.
    extraPrefsFirefox: {
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'services.settings.server': 'data:,',
      'browser.safebrowsing.update.enabled': false,
      'extensions.getAddons.cache.enabled': false,
      'app.update.disabledForTesting': true,
    },
  });
}
