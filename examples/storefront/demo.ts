// `npm run demo`: runs the shop with everything behind it. With `--once` it also plays a customer, checks the traces that
// come out, and ends.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runClickspan } from 'clickspan';

const HELP = `The storefront demo

  npm run demo                          run the shop; Ctrl-C ends everything
  npm run demo -- --once                click "Buy" twice in a headless browser, print both traces, and end
  npm run demo -- --once --json         the same as one JSON document

  --edition opentelemetry   the pages run the browser agent's OpenTelemetry edition
  --config <file>       another configuration than examples/storefront/clickspan.config.json
  --page <path>         with --once: the page to buy on, / (script tag) unless given; /app/ takes the agent by npm
  --wait <seconds>      with --once: how long a trace may take to be whole; 30 unless given
`;

const USAGE_STATUS = 9;

try {
  process.exit(await run());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function run(): Promise<number> {
  const values = readCommandLine();
  if (typeof values === 'string') {
    process.stderr.write(`${values}\n\n${HELP}`);
    return USAGE_STATUS;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { json, page } = values;
  const config = values.edition === 'opentelemetry' ? writeEditionConfig(values.config) : values.config;
  if (!values.once) return runClickspan(['dev', '--config', config]);
  const { runOnce } = await import('./once/once.ts');
  return runOnce({ json, config, page, waitMs: Number(values.wait) * 1000 });
}

/**
 * Writes a configuration beside the given one, since paths in it are relative to its folder, for as long as this process
 * runs: its sites are those with the OpenTelemetry edition, which the build puts beside the others.
 */
function writeEditionConfig(file: string): string {
  const config = JSON.parse(readFileSync(file, 'utf8')) as { sites: Record<string, { dir: string }> };
  for (const site of Object.values(config.sites)) site.dir += '-opentelemetry';
  const written = file.replace(/(?:\.json)?$/, `.opentelemetry-${process.pid}.json`);
  writeFileSync(written, JSON.stringify(config));
  process.on('exit', () => rmSync(written, { force: true }));
  return written;
}

/** What was asked for; what is wrong with it comes back as text. */
function readCommandLine() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        edition: { type: 'string', default: 'clickspan' },
        config: { type: 'string', default: join(import.meta.dirname, 'clickspan.config.json') },
        page: { type: 'string', default: '/' },
        wait: { type: 'string', default: '30' },
      },
    });
    if (values.json && !values.once)
      return '--json needs --once: a shop that runs on has no document to print.';
    if (!['clickspan', 'opentelemetry'].includes(values.edition))
      return `--edition must be clickspan or opentelemetry, not "${values.edition}".`;
    if (!/^\d{1,4}$/.test(values.wait)) return `--wait must be a number of seconds, not "${values.wait}".`;
    if (!values.page.startsWith('/')) return `--page must be a path such as /app/, not "${values.page}".`;
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
