import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { measureFiles, type PackedSize } from './packedSize.ts';

/** One way to have a function traced, or not. */
export interface LambdaAgent {
  /** Also the name of its function. */
  readonly id: string;
  /** As it is called in tables. */
  readonly name: string;
  readonly version?: string;
  /** What it is made of and how it is set up, for people. */
  readonly setup?: string;
  /** Whose goals the budgets set. */
  readonly isOwn?: boolean;
  /** It leaves the collector's answer to the next invocation. */
  readonly overlaps?: boolean;
  /** Where its modules are found, if it has any. */
  readonly modulesDir?: string;
  readonly layers?: readonly string[];
  /** `index.handler` when left out. */
  readonly handler?: string;
  /** Code that follows the function's own and may wrap `exports.handler`. */
  readonly codeAfter?: string;
  environment(collector: CollectorPlaces): Readonly<Record<string, string>>;
  /** Files that a function carries for it; its zip is weighed as it is where there is one. */
  measureSize?(): PackedSize;
}

/** Where an agent's data goes. */
export interface CollectorPlaces {
  readonly url: string;
  readonly httpPort: number;
  readonly udpPort: number;
}

/** The function without any agent: what everything is measured against. */
export const BARE: LambdaAgent = { id: 'bare', name: 'bare', environment: () => ({}) };

/** The same once more: what the difference of two equal functions is on this machine. */
export const BARE_AGAIN: LambdaAgent = { ...BARE, id: 'bare-again', name: 'bare, once more' };

const dist: string = resolve(import.meta.dirname, '../../../packages/lambda/dist');
const layerZip: string = resolve(dist, 'layer.zip');

/** The layer as packed. */
export function readOwnAgent(): LambdaAgent {
  if (!existsSync(layerZip)) throw new Error(`${layerZip} is not there: npm run build`);
  return {
    id: 'clickspan',
    name: 'Clickspan',
    setup: 'the packed layer, `NODE_OPTIONS=--require …`',
    isOwn: true,
    layers: [layerZip],
    environment: ({ url }) => ({
      NODE_OPTIONS: '--require /opt/clickspan/preload.cjs',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
    }),
    measureSize: () => {
      const folder = resolve(dist, 'layer/clickspan');
      const paths = readdirSync(folder).map((file) => resolve(folder, file));
      return { ...measureFiles(folder, paths), zipBytes: statSync(layerZip).size };
    },
  };
}

/** The layer as packed, which goes on to the next invocation before the collector has answered. */
export function readOverlappingAgent(): LambdaAgent {
  const own = readOwnAgent();
  return {
    ...own,
    id: 'clickspan-overlap',
    name: 'Clickspan, CLICKSPAN_FLUSH=overlap',
    overlaps: true,
    environment: (collector) => ({ ...own.environment(collector), CLICKSPAN_FLUSH: 'overlap' }),
  };
}

/**
 * The same agent with one more preload: what the tests of the bench inject.
 *
 * @param file absolute path of a CommonJS file
 */
export function withPreload(agent: LambdaAgent, file: string): LambdaAgent {
  return {
    ...agent,
    id: `${agent.id}-injected`,
    name: `${agent.name} + injected`,
    environment: (collector) => {
      const environment = agent.environment(collector);
      return { ...environment, NODE_OPTIONS: `${environment['NODE_OPTIONS'] ?? ''} --require ${file}` };
    },
  };
}
