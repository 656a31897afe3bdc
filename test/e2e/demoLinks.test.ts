import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { startProgram, runDemoOnce, writeDemoConfig } from '../support/demoProcess.ts';
import type { StorefrontConfig } from '../support/demoProcess.ts';

/** Long enough for cold starts on a slow machine; each broken chain is waited for in full. */
const WAIT = ['--wait', '10'];
/** A port on which nobody ever listens: below what is handed out, and reserved. */
const DEAD = 'http://127.0.0.1:1';

interface Broken {
  readonly brokenLink?: { readonly link: string; readonly evidence: string[]; readonly lookAt: string };
}

async function breakAndRun(
  change: (config: StorefrontConfig, folder: string) => void,
): Promise<{ link: string | undefined; told: string; status: number }> {
  const config = writeDemoConfig(change);
  try {
    const { status, out, err } = await runDemoOnce('--json', '--config', config.file, ...WAIT);
    const { brokenLink } = JSON.parse(out) as Broken;
    return { link: brokenLink?.link, told: err, status };
  } finally {
    config.remove();
  }
}

/** A copy of the pages in which a piece of `index.html` is another. */
function changePage(entry: StorefrontConfig, folder: string, from: string, to: string): void {
  const site = entry.sites['shop']!;
  cpSync(site.dir, join(folder, 'site'), { recursive: true });
  site.dir = join(folder, 'site');
  const file = join(site.dir, 'index.html');
  const page = readFileSync(file, 'utf8');
  expect(page).toContain(from);
  writeFileSync(file, page.replace(from, to));
}

/** A service between functions and queue that forgets the attributes of messages. */
const FORGETFUL = `
import { createServer } from 'node:http';
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks));
  delete body.MessageAttributes;
  delete body.MessageSystemAttributes;
  const { host, 'content-length': length, 'x-amzn-trace-id': trace, ...headers } = request.headers;
  const url = process.env.SQS + request.url;
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  // Not to be found out: the sender checks what the queue says of the attributes.
  const { MD5OfMessageAttributes, ...rest } = JSON.parse(text);
  response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(rest));
}).listen(process.env.PORT, '127.0.0.1');
`;

// They wait most of the time, so the few of one link run at once.
describe('npm run demo -- --once names the broken link', () => {
  describe('stamp', () => {
    it.concurrent('the page may not stamp requests to the API', async () => {
      const { link, told, status } = await breakAndRun((entry, folder) => {
        changePage(entry, folder, 'data-propagate-to="{{api.shop}}"', '');
      });
      expect([status, link]).toEqual([1, 'stamp']);
      expect(told).toContain('Broken link: stamp');
      expect(told).toContain('without a traceparent header');
    });

    it.concurrent('the page has no agent', async () => {
      const { link, status } = await breakAndRun((entry, folder) => {
        changePage(entry, folder, 'src="/clickspan.js"', 'src="/nothing.js"');
      });
      expect([status, link]).toEqual([1, 'stamp']);
    });
  });

  describe('layer', () => {
    it.concurrent('no function is told to load the agent', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        delete entry.environment['NODE_OPTIONS'];
      });
      expect([status, link]).toEqual([1, 'layer']);
      expect(told).toContain('Broken link: layer');
      expect(told).toContain('"orders" ran 1 times, but no agent');
    });

    it.concurrent('the function behind the queue is without the agent', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        entry.functions['fulfil']!.environment = { NODE_OPTIONS: '' };
      });
      expect([status, link]).toEqual([1, 'layer']);
      expect(told).toContain('"fulfil" ran 1 times, but left no span in any trace');
    });

    it.concurrent('its zip is not there', async () => {
      const { link, told, status } = await breakAndRun((entry, folder) => {
        entry.layers = [join(folder, 'nothing.zip')];
      });
      expect([status, link]).toEqual([1, 'layer']);
      expect(told).toContain('nothing.zip');
    });
  });

  describe('queue', () => {
    it.concurrent('it triggers no function', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        entry.queues['orders'] = {};
      });
      expect([status, link]).toEqual([1, 'queue']);
      expect(told).toContain('Broken link: queue');
      expect(told).toContain('"fulfil" was not invoked');
    });

    it.concurrent('it loses the attributes of messages', async () => {
      const { link, told, status } = await breakAndRun((entry, folder) => {
        const file = join(folder, 'forgetful.mjs');
        writeFileSync(file, FORGETFUL);
        entry.services['forgetful'] = { command: ['node', file], environment: { SQS: '{{sqs}}' } };
        entry.environment['AWS_ENDPOINT_URL_SQS'] = '{{service.forgetful}}';
        entry.environment['ORDERS_QUEUE_URL'] = '{{service.forgetful}}/123456789012/orders';
      });
      expect([status, link], told).toEqual([1, 'queue']);
      expect(told).toContain('the message arrived without its traceparent');
    });
  });

  describe('collector', () => {
    it.concurrent('the functions send to a port on which nobody listens', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        entry.environment['OTEL_EXPORTER_OTLP_ENDPOINT'] = DEAD;
      });
      expect([status, link]).toEqual([1, 'collector']);
      expect(told).toContain('Broken link: collector');
      expect(told).toContain('The agent inside "orders" answered');
    });

    it.concurrent('the page sends to a port on which nobody listens', async () => {
      const { link, told, status } = await breakAndRun((entry, folder) => {
        changePage(entry, folder, 'data-endpoint="{{collector}}"', `data-endpoint="${DEAD}"`);
      });
      expect([status, link]).toEqual([1, 'collector']);
      expect(told).toContain(`The page's report to ${DEAD}`);
    });
  });

  describe('shop', () => {
    it.concurrent('its shelves are empty', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        entry.functions['catalog']!['handler'] = 'index.nothing';
      });
      expect([status, link]).toEqual([1, 'shop']);
      expect(told).toContain('The shop opened empty');
    });

    it.concurrent('what cannot be bought cannot be traced', async () => {
      const { link, told, status } = await breakAndRun((entry) => {
        entry.environment['ORDERS_TABLE'] = 'no-such-table';
      });
      expect([status, link]).toEqual([1, 'shop']);
      expect(told).toContain('POST /orders was answered 500');
    });
  });
});

// With the environment of this process, or what is killed: alone.
describe('npm run demo -- --once without an engine names it', () => {
  it('engine: it is killed again and again', async () => {
    const config = writeDemoConfig();
    const program = startProgram('examples/storefront/demo.ts', [
      '--once',
      '--json',
      '--config',
      config.file,
      ...WAIT,
    ]);
    await program.waitFor(/Buying, cold/);
    const killing = setInterval(() => killEngine(join(config.dataDir, `once-${program.pid}`)), 20);
    try {
      expect(await program.ended, program.err()).toBe(1);
    } finally {
      clearInterval(killing);
      config.remove();
    }
    expect((JSON.parse(program.out()) as Broken).brokenLink?.link).toBe('engine');
    expect(program.err()).toContain('Broken link: engine');
  });

  it('engine: it cannot even start', async () => {
    vi.stubEnv('CLICKHOUSE_URL', DEAD);
    const { link, told, status } = await breakAndRun(() => {}).finally(() => vi.unstubAllEnvs());
    expect([status, link]).toEqual([1, 'engine']);
    expect(told).toContain('CLICKHOUSE_URL');
  });
});

function killEngine(dataDir: string): void {
  try {
    const owner = JSON.parse(readFileSync(join(dataDir, 'engine.owner.json'), 'utf8')) as {
      engine?: { pid: number };
    };
    if (owner.engine) process.kill(owner.engine.pid, 'SIGKILL');
  } catch {
    // It is just being started again.
  }
}
