import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const repository: string = resolve(import.meta.dirname, '../..');
/** Unpacked browsers live here by version, so that an update of the package is never met by old files. */
const cacheDir: string = join(repository, 'node_modules/.cache/clickspan');

/** Never the package's own default arguments: they switch CORS off and put everything into one process. */
const ARGUMENTS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
];

const SYSTEM_BROWSERS: readonly string[] = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Where a browser is and what it needs to start. */
export interface Chromium {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts a headless Chromium: `CHROME_PATH`, else a system Chrome or Chromium, else the one inside the npm package
 * `@sparticuz/chromium` (Linux x64).
 *
 * @param extraArguments added to the command line
 * @throws when there is no browser; the message says what to do
 */
export async function launchChromium(extraArguments: readonly string[] = []): Promise<Browser> {
  const { executablePath, environment } = await findChromium();
  return chromium.launch({
    executablePath,
    headless: true,
    args: [...ARGUMENTS, ...extraArguments],
    env: { ...(process.env as Record<string, string>), ...environment },
    timeout: 60_000,
  });
}

/**
 * Opens an address in a headless Chromium that nobody steers: the pages must do everything by themselves. Drivers switch
 * off what a user's browser has, such as rendering pages in advance.
 *
 * @returns ends it
 */
export async function openUnsteered(url: string): Promise<() => Promise<void>> {
  const { executablePath, environment } = await findChromium();
  const profile = mkdtempSync(join(tmpdir(), 'clickspan-chromium-'));
  const child = spawn(
    executablePath,
    [...ARGUMENTS, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, url],
    { env: { ...process.env, ...environment }, stdio: 'ignore' },
  );
  const exited = new Promise((done) => child.once('exit', done));
  return async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}

/** Finds a browser, unpacking the packaged one when it is needed for the first time. */
export async function findChromium(): Promise<Chromium> {
  const wanted = process.env['CHROME_PATH'];
  if (wanted) {
    if (!existsSync(wanted)) throw new Error(`CHROME_PATH names no file: ${wanted}`);
    return { executablePath: wanted, environment: {} };
  }
  const system = SYSTEM_BROWSERS.find((path) => existsSync(path));
  if (system) return { executablePath: system, environment: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `No browser found. The packaged Chromium is for Linux x64 only; here (${process.platform} ${process.arch}) ` +
        'install Google Chrome, or name a browser with CHROME_PATH=/path/to/chrome.',
    );
  }
  return unpackChromium();
}

async function unpackChromium(): Promise<Chromium> {
  const manifest = join(repository, 'node_modules/@sparticuz/chromium/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const dir = join(cacheDir, `chromium-${version}`);
  if (!existsSync(dir)) {
    const building = `${dir}.${process.pid}`;
    mkdirSync(building, { recursive: true });
    // The package decides by these variables where to unpack and whether to bring the libraries that bare systems lack,
    // so it runs in a process of its own.
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `await (await import('@sparticuz/chromium')).default.executablePath();`],
      {
        cwd: repository,
        env: { ...process.env, TMPDIR: building, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    writeFileSync(join(building, 'fonts/fonts.conf'), toFontsConfiguration(dir));
    try {
      renameSync(building, dir);
    } catch (error) {
      // Another process was quicker.
      rmSync(building, { recursive: true, force: true });
      if (!existsSync(dir)) throw error;
    }
  }
  return {
    executablePath: join(dir, 'chromium'),
    environment: { LD_LIBRARY_PATH: join(dir, 'al2023/lib'), FONTCONFIG_PATH: join(dir, 'fonts') },
  };
}

/** The package's own configuration names folders that exist only inside a function. */
function toFontsConfiguration(dir: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(dir, 'fonts/fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(dir, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}
