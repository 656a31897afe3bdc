import { createWriteStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { listRuntimes, startEmulator } from '@clickspan/emulator';
import type { CorsConfig, Emulator, FunctionConfig, RuntimeName } from '@clickspan/emulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedSpan } from '../support/collector.ts';
import { buildImage } from '../support/dockerfile.ts';
import { readDocumentedSettings } from '../support/exampleSettings.ts';
import { sendHttp } from '../support/httpClient.ts';
import { isInvocation, LAYER_ZIP } from '../support/layer.ts';
import { writeCode } from '../support/lambdaFixture.ts';
import type { Code } from '../support/lambdaFixture.ts';
import { copyExamples } from '../support/exampleCopies.ts';
import type { ExampleCopies } from '../support/exampleCopies.ts';

// The examples as they stand, set up as their READMEs say; exampleTemplates.test.ts holds that the templates say the same.

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const PAGE = 'https://shop.example';
const RUNTIMES = ['nodejs24.x', 'nodejs22.x', 'nodejs20.x'] as const;
const here = listRuntimes();
const SPAN_ID = 'b7ad6b7169203331';
const PACKER = 'export const handler = async ({ Records }) => Records.length;';

let collector: FakeCollector;
let emulator: Emulator;
let warehouse: Server;
let examples: ExampleCopies;
let packer: Code;
/** Headers that the warehouse has got. */
const asked: IncomingHttpHeaders[] = [];
let traces = 0;
const temporary = mkdtempSync(join(tmpdir(), 'clickspan-image-'));

beforeAll(async () => {
  [collector, examples, packer] = await Promise.all([
    startFakeCollector(),
    copyExamples(),
    writeCode(PACKER),
  ]);
  warehouse = createServer((request, response) => {
    asked.push(request.headers);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ path: request.url, left: 3 }));
  });
  await new Promise<void>((done) => warehouse.listen(0, '127.0.0.1', done));
  const orders = readDocumentedSettings('lambda-zip');
  const stock = readDocumentedSettings('lambda-container');
  emulator = await startEmulator({
    functions: [
      ...here.flatMap((runtime) => [toOrders(orders, runtime), toPacker(orders, runtime)]),
      await toStock(stock),
    ],
    httpApis: here.map((runtime) => ({
      name: runtime,
      cors: toCors(orders),
      routes: [{ route: 'POST /orders', function: nameFor('orders', runtime) }],
    })),
    functionUrls: [{ function: 'stock', cors: toCors(stock) }],
    queues: here.map((runtime) => ({
      name: nameFor('orders', runtime),
      function: nameFor('packer', runtime),
    })),
  });
});
afterAll(async () => {
  await emulator?.stop();
  warehouse?.close();
  await Promise.all([collector?.stop(), examples?.remove(), packer?.remove()]);
  rmSync(temporary, { recursive: true, force: true });
});

/** Functions and queues have no dots in their names. */
const nameFor = (what: string, runtime: string): string => `${what}-${runtime.replace('.x', '')}`;

type Documented = Readonly<Record<string, string>>;
const toList = (text: string | undefined): string[] => text!.split(', ');
const toCors = (settings: Documented): CorsConfig => ({
  allowOrigins: toList(settings['allowed origins']),
  allowMethods: toList(settings['allowed methods']),
  allowHeaders: toList(settings['allowed headers']),
  exposeHeaders: toList(settings['exposed headers']),
  maxAgeSeconds: Number.parseInt(settings['preflights kept for']!),
});
const toLimits = (settings: Documented): object => ({
  memoryMb: Number.parseInt(settings['memory']!),
  timeoutMs: Number.parseInt(settings['timeout']!) * 1000,
});
const toVariables = (settings: Documented): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(settings).filter(([name]) => /^[A-Z_]+$/.test(name))),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
});

function toOrders(settings: Documented, runtime: RuntimeName): FunctionConfig {
  return {
    name: nameFor('orders', runtime),
    codeDir: join(EXAMPLES, 'lambda-zip/function'),
    handler: settings['handler']!,
    runtime,
    ...toLimits(settings),
    layers: [LAYER_ZIP],
    environment: ({ sqsEndpoint, queueUrls }) => ({
      ...toVariables(settings),
      ORDERS_QUEUE_URL: queueUrls[nameFor('orders', runtime)]!,
      AWS_ENDPOINT_URL_SQS: sqsEndpoint!,
    }),
  };
}

/** The consumer of the queue is somebody else's, and has the layer too. */
function toPacker(settings: Documented, runtime: RuntimeName): FunctionConfig {
  return {
    name: nameFor('packer', runtime),
    codeDir: packer.codeDir,
    handler: 'index.handler',
    layers: [LAYER_ZIP],
    environment: toVariables(settings),
  };
}

/** The image's own `/opt` comes as a layer, since that is how the emulator gives a function its `/opt`. */
async function toStock(settings: Documented): Promise<FunctionConfig> {
  const contextDir = join(examples.dir, 'lambda-container/image');
  const rootDir = join(temporary, 'root');
  const base = { LAMBDA_TASK_ROOT: '/var/task' };
  const image = buildImage(join(contextDir, 'Dockerfile'), base, { contextDir, rootDir });
  const opt = join(temporary, 'opt.zip');
  await zipFolder(join(rootDir, 'opt'), opt);
  const { port } = warehouse.address() as AddressInfo;
  const { NODE_OPTIONS: _, ...variables } = toVariables(settings);
  return {
    name: 'stock',
    codeDir: join(rootDir, 'var/task'),
    handler: image.command[0]!,
    runtime: `nodejs${image.from.split(':')[1]}.x` as 'nodejs24.x',
    ...toLimits(settings),
    layers: [opt],
    environment: {
      ...image.environment,
      ...variables,
      WAREHOUSE_URL: `http://127.0.0.1:${port}`,
    },
  };
}

async function zipFolder(folder: string, path: string): Promise<void> {
  const zip = new ZipFile();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name);
    if (statSync(file).isFile()) zip.addFile(file, name);
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

/** The spans of a trace, once its last one is there. */
async function traceOf(
  traceId: string,
  isLast: (span: ReceivedSpan) => boolean,
): Promise<readonly ReceivedSpan[]> {
  await collector.waitForSpan((span) => span.traceId === traceId && isLast(span));
  return collector.spans.filter((span) => span.traceId === traceId);
}
/** Each span with the name of its parent; `page` where the page is. The parts of an init are left out. */
function toTree(spans: readonly ReceivedSpan[]): readonly string[] {
  const nameOf = (id: string): string | undefined =>
    id === SPAN_ID ? 'page' : spans.find(({ spanId }) => spanId === id)?.name;
  return spans
    .map(({ name, parentSpanId }) => `${name} < ${nameOf(parentSpanId)}`)
    .filter((line) => !line.endsWith('< init'))
    .sort();
}
/** What a page needs to send its context and to read what comes back. */
async function expectPageIsServed(url: string, method: string, body?: string): Promise<string> {
  const traceId = (++traces).toString(16).padStart(32, 'a');
  const preflight = await sendHttp(url, {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,traceparent,tracestate',
    },
  });
  for (const name of ['content-type', 'traceparent', 'tracestate'])
    expect(preflight.headers['access-control-allow-headers']).toContain(name);
  expect(preflight.headers['access-control-allow-origin']).toBe(PAGE);
  const answer = await sendHttp(url, {
    method,
    headers: { origin: PAGE, 'content-type': 'application/json', traceparent: `00-${traceId}-${SPAN_ID}-01` },
    ...(body !== undefined && { body }),
  });
  expect(answer.status).toBeLessThan(300);
  expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
  expect(answer.headers['access-control-expose-headers']).toMatch(/server-timing/i);
  expect(answer.headers['timing-allow-origin']).toBe(PAGE);
  expect(answer.headers['server-timing']).toContain(`traceparent;desc="00-${traceId}-`);
  expect(answer.headers['server-timing']).toContain('coldstart');
  return traceId;
}

describe('the example', () => {
  it.skip.each(RUNTIMES.filter((runtime) => !here.includes(runtime)))(
    'lambda-zip on %s (needs the Node of that name)',
    () => undefined,
  );

  it.each(here)(
    'lambda-zip: the trace of a page leads through API and queue to who packs (%s)',
    async (runtime) => {
      const body = JSON.stringify({ item: 'coffee', quantity: 2 });
      const traceId = await expectPageIsServed(`${emulator.urls[runtime]}/orders`, 'POST', body);
      const spans = await traceOf(traceId, ({ name }) => name === `process ${nameFor('orders', runtime)}`);
      expect(toTree(spans)).toEqual([
        'POST /orders < page',
        'SQS.SendMessage < POST /orders',
        'init < SQS.SendMessage',
        'init < page',
        `process ${nameFor('orders', runtime)} < SQS.SendMessage`,
      ]);
    },
  );

  it('lambda-zip: refuses what is no order', async () => {
    const url = `${emulator.urls[here[0]!]}/orders`;
    for (const body of ['{', '{}', '{"item":"coffee","quantity":0}'])
      expect((await sendHttp(url, { headers: { 'content-type': 'application/json' }, body })).status).toBe(
        400,
      );
  });

  it('lambda-container: the agent that COPY and ENV have put into the image follows the trace to the warehouse', async () => {
    const traceId = await expectPageIsServed(`${emulator.functionUrls['stock']}/?item=coffee`, 'GET');
    const spans = await traceOf(traceId, isInvocation());
    const call = spans.find(({ name, kind }) => name === 'GET' && kind === 3)!;
    expect(toTree(spans)).toEqual(['GET < GET', 'GET < page', 'init < page']);
    expect(asked.at(-1)!['traceparent']).toBe(`00-${traceId}-${call.spanId}-01`);
  });
});
