// `npm run demo`: runs the shop with everything behind it. With `--once` it also plays a customer, checks the traces that
// come out, and ends.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runClickspan } from 'clickspan';

const HELP = `The storefront demo

  npm run demo                          run the shop; Ctrl-C ends everything
  npm run demo -- --once                click "Buy" twice in a headless browser, print both traces, and end
  npm run demo -- --once --json         the same as one JSON document

  --config <file>       another configuration than examples/storefront/clickspan.config.json
  --page <path>         with --once: the page to buy on, / (script tag) unless given; /app/ takes the agent by npm
  --wait <seconds>      with --once: how long a trace may take to be whole; 30 unless given
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    config: { type: 'string', default: join(import.meta.dirname, 'clickspan.config.json') },
    page: { type: 'string', default: '/' },
    wait: { type: 'string', default: '30' },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else if (values.once) {
  const { runOnce } = await import('./once/once.ts');
  const { json, config, page, wait } = values;
  process.exit(await runOnce({ json, config, page, waitMs: Number(wait) * 1000 }));
} else {
  process.exit(await runClickspan(['dev', '--config', values.config]));
}
