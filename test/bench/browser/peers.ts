import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { installPeers } from '../installPeers.ts';
import type { BenchAgent } from './agents.ts';
import { bundleScript } from './bundleScript.ts';

const folder: string = resolve(import.meta.dirname, '../peers');

/** A peer: its name in the tables, the file that starts it, the package whose version is shown. */
interface Peer {
  readonly name: string;
  readonly file: string;
  readonly packageName: string;
  readonly sendsOtlp?: boolean;
}

const PEERS: readonly Peer[] = [
  {
    name: 'opentelemetry',
    file: 'opentelemetry.mjs',
    packageName: '@opentelemetry/sdk-trace-web',
    sendsOtlp: true,
  },
  {
    name: 'opentelemetry-full',
    file: 'opentelemetryFull.mjs',
    packageName: '@opentelemetry/sdk-trace-web',
    sendsOtlp: true,
  },
  { name: 'elastic', file: 'elastic.mjs', packageName: '@elastic/apm-rum' },
  { name: 'dash0', file: 'dash0.mjs', packageName: '@dash0/sdk-web' },
  { name: 'sentry', file: 'sentry.mjs', packageName: '@sentry/browser' },
  { name: 'datadog', file: 'datadog.mjs', packageName: '@datadog/browser-rum' },
  { name: 'faro', file: 'faro.mjs', packageName: '@grafana/faro-web-sdk' },
];

/** The names of the peers. */
export const PEER_NAMES: readonly string[] = PEERS.map(({ name }) => name);

/**
 * Bundles peers, each with the file that starts it, into one script each. Installs them first when their folder does not
 * hold what its lockfile says.
 *
 * @param wanted names
 */
export async function bundlePeers(wanted: readonly string[]): Promise<BenchAgent[]> {
  const peers = PEERS.filter(({ name }) => wanted.includes(name));
  if (peers.length === 0) return [];
  installPeers(folder, 'about 120 MB');
  const agents: BenchAgent[] = [];
  for (const { name, file, packageName, sendsOtlp = false } of peers) {
    const manifest = resolve(folder, 'node_modules', packageName, 'package.json');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    agents.push({ name, version, sendsOtlp, source: await bundleScript(resolve(folder, file)) });
  }
  return agents;
}
