import { mkdirSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { installPeers } from '../installPeers.ts';
import type { LambdaAgent } from './agents.ts';
import { measureFiles, measurePackages, type PackedSize } from './packedSize.ts';

const folder: string = resolve(import.meta.dirname, '../lambdaPeers');
const modulesDir: string = resolve(folder, 'node_modules');
/** Beside the packages, so that what the bundle leaves out is found. */
const bundleDir: string = resolve(modulesDir, '.clickspan-opentelemetry');
/** What the layer does not bundle either: its hooks must be found by their names. */
const NOT_BUNDLED: readonly string[] = ['import-in-the-middle', 'require-in-the-middle'];

type Peer = Omit<LambdaAgent, 'version'> & { readonly packageName: string };

const PEERS: readonly Peer[] = [
  {
    id: 'opentelemetry',
    name: 'OpenTelemetry layer’s set',
    packageName: '@opentelemetry/instrumentation-aws-lambda',
    setup:
      'what the layer of the OpenTelemetry project is made of for traces, bundled and minified as one file as there: sdk-trace-node 2.12.0, exporter-trace-otlp-http 0.221.0 in batches, the instrumentations that are on by default (aws-lambda 0.73.0, aws-sdk, http, dns, net), the AWS resource detector and propagator, import-in-the-middle from nodejs24.x on; without its metrics, logs, instrumentations that are off by default, and shell script',
    modulesDir,
    environment: ({ url }) => ({
      NODE_OPTIONS: `--import ${resolve(bundleDir, 'openTelemetryStart.mjs')}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_SERVICE_NAME: 'bench',
    }),
    measureSize: () =>
      add(
        measureFiles(
          bundleDir,
          ['openTelemetry.cjs', 'openTelemetryStart.mjs'].map((file) => resolve(bundleDir, file)),
        ),
        measurePackages(folder, NOT_BUNDLED),
      ),
  },
  {
    id: 'datadog',
    name: 'dd-trace 6.21.0 + datadog-lambda-js',
    packageName: 'datadog-lambda-js',
    setup:
      'its handler in the place of the function’s; without its extension, whose place the collector takes (`DD_TRACE_EXPERIMENTAL_EXPORTER=agent`)',
    modulesDir,
    handler: 'node_modules/datadog-lambda-js/dist/handler.handler',
    environment: ({ url }) => ({
      DD_LAMBDA_HANDLER: 'index.handler',
      DD_TRACE_ENABLED: 'true',
      DD_TRACE_EXPERIMENTAL_EXPORTER: 'agent',
      DD_TRACE_AGENT_URL: url,
      DD_ENHANCED_METRICS: 'false',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_FLUSH_TO_LOG: 'true',
      DD_SERVICE: 'bench',
    }),
    measureSize: () => measurePackages(folder, ['datadog-lambda-js', 'dd-trace']),
  },
  {
    id: 'sentry',
    name: '@sentry/aws-serverless',
    packageName: '@sentry/aws-serverless',
    setup: '`NODE_OPTIONS=--import @sentry/aws-serverless/awslambda-auto`, all traces sampled',
    modulesDir,
    environment: ({ httpPort }) => ({
      NODE_OPTIONS: `--import ${resolve(modulesDir, '@sentry/aws-serverless/build/npm/esm/awslambda-auto.js')}`,
      SENTRY_DSN: `http://public@127.0.0.1:${httpPort}/1`,
      SENTRY_TRACES_SAMPLE_RATE: '1.0',
    }),
    measureSize: () => measurePackages(folder, ['@sentry/aws-serverless']),
  },
  {
    id: 'powertools',
    name: 'Powertools tracer',
    packageName: '@aws-lambda-powertools/tracer',
    setup: 'in code, as its decorator does; datagrams to the X-Ray daemon, whose place the collector takes',
    modulesDir,
    codeAfter: wrapWith('powertools.cjs'),
    environment: ({ udpPort }) => ({ AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${udpPort}` }),
    measureSize: () => measurePackages(folder, ['@aws-lambda-powertools/tracer']),
  },
  {
    id: 'xray',
    name: 'aws-xray-sdk-core',
    packageName: 'aws-xray-sdk-core',
    setup: 'in code, a subsegment around the handler, HTTP calls captured; datagrams as above',
    modulesDir,
    codeAfter: wrapWith('xray.cjs'),
    environment: ({ udpPort }) => ({
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${udpPort}`,
      AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
    }),
    measureSize: () => measurePackages(folder, ['aws-xray-sdk-core']),
  },
];

/** The ids of the peers. */
export const PEER_IDS: readonly string[] = PEERS.map(({ id }) => id);

/**
 * Makes peers ready for functions to use. Installs them first when their folder does not hold what its lockfile says.
 *
 * @param wanted ids
 */
export async function preparePeers(wanted: readonly string[]): Promise<LambdaAgent[]> {
  const peers = PEERS.filter(({ id }) => wanted.includes(id));
  if (peers.length === 0) return [];
  installPeers(folder, 'about 200 MB');
  if (wanted.includes('opentelemetry')) await bundleOpenTelemetry();
  return peers.map(({ packageName, ...peer }) => {
    const manifest = readFileSync(resolve(modulesDir, packageName, 'package.json'), 'utf8');
    return { ...peer, version: (JSON.parse(manifest) as { version: string }).version };
  });
}

async function bundleOpenTelemetry(): Promise<void> {
  const bundled = await rolldown({
    input: resolve(folder, 'openTelemetry.mjs'),
    platform: 'node',
    logLevel: 'silent',
    external: [...NOT_BUNDLED],
  });
  const { output } = await bundled.generate({ format: 'cjs', minify: true, codeSplitting: false });
  mkdirSync(bundleDir, { recursive: true });
  writeFileSync(resolve(bundleDir, 'openTelemetry.cjs'), output[0].code);
  copyFileSync(resolve(folder, 'openTelemetryStart.mjs'), resolve(bundleDir, 'openTelemetryStart.mjs'));
}

function wrapWith(file: string): string {
  return `exports.handler = require(${JSON.stringify(resolve(folder, file))}).wrap(exports.handler);\n`;
}

function add(a: PackedSize, b: PackedSize): PackedSize {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes, zipBytes: a.zipBytes + b.zipBytes };
}
