import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** An agent as a page gets it: one script, which starts it and sends to the address in its tag's `data-endpoint`. */
export interface BenchAgent {
  readonly name: string;
  /** Of its package, where it is not ours. */
  readonly version?: string;
  readonly source: string;
  /** Whose goals design section 6 sets. */
  readonly edition?: 'own' | 'opentelemetry';
  /** Whether what it sends is OTLP/JSON, whose spans can be counted exactly. */
  readonly sendsOtlp?: boolean;
}

/** A page without any agent: what every ratio is taken against. */
export const BARE: BenchAgent = { name: 'none', source: ';' };

const dist: string = resolve(import.meta.dirname, '../../../packages/browser/dist');

/** The agent as built. */
export function readOwnAgent(): BenchAgent {
  return { name: 'clickspan', source: readScript('clickspan.js')!, edition: 'own', sendsOtlp: true };
}

/** The edition on OpenTelemetry's SDK as built; `undefined` where there is none. */
export function readOpenTelemetryEdition(): BenchAgent | undefined {
  const source = readScript('clickspan.opentelemetry.js');
  if (!source) return undefined;
  return { name: 'clickspan/opentelemetry', source, edition: 'opentelemetry', sendsOtlp: true };
}

function readScript(file: string): string | undefined {
  const path = resolve(dist, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The same agent with more in its script, before it: what the tests of the bench inject. */
export function withBefore(agent: BenchAgent, code: string): BenchAgent {
  return { ...agent, name: `${agent.name} + injected`, source: `${code};${agent.source}` };
}

/** The path of an agent's source map. */
export function sourceMapOf({ edition }: BenchAgent): string {
  return resolve(dist, edition === 'opentelemetry' ? 'clickspan.opentelemetry.js.map' : 'clickspan.js.map');
}
