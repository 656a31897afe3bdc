import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** What is ours. */
export type Edition = 'own' | 'opentelemetry' | 'snippet';

/** An agent as a page gets it: one script, which starts it and sends to the address in its tag's `data-endpoint`. */
export interface BenchAgent {
  readonly name: string;
  /** Of its package, where it is not ours. */
  readonly version?: string;
  readonly source: string;
  /** Whose goals design section 6 sets. */
  readonly edition?: Edition;
  /** Whether what it sends is OTLP/JSON, whose spans can be counted exactly. */
  readonly sendsOtlp?: boolean;
  /** It is no agent that anyone could use, but shows what none can do without. */
  readonly isBound?: boolean;
}

/** A page without any agent: what every ratio is taken against. */
export const BARE: BenchAgent = { name: 'none', source: ';' };

/**
 * What no agent of this kind can do without, and nothing more: one header on every request, the browser's timing of it, and
 * as many bytes as a span has, sent compressed, forty requests at a time.
 */
export const LEAST: BenchAgent = {
  name: 'least that can be done',
  isBound: true,
  source: `{
    const url = document.currentScript.dataset.endpoint + '/v1/traces';
    const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const ask = window.fetch;
    let spans = [];
    const send = async (keepalive) => {
      const text = '{"spans":[' + spans.join() + ']}';
      spans = [];
      const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
      const body = keepalive ? text : await new Response(zipped).arrayBuffer();
      ask(url, { method: 'POST', body, keepalive }).catch(() => {});
    };
    const filler = 'x'.repeat(700);
    const observer = new PerformanceObserver((list) => take(list.getEntries()));
    const take = (entries) => {
      for (const { name, startTime, responseEnd } of entries) {
        if (!name.startsWith(url)) spans.push(JSON.stringify({ name, startTime, responseEnd, filler }));
        if (spans.length >= 40) send(false);
      }
    };
    observer.observe({ type: 'resource' });
    window.fetch = (input, init) => ask(input, { ...init, headers: { ...init?.headers, traceparent: header } });
    const { send: sendXhr } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.send = function (body) {
      this.setRequestHeader('traceparent', header);
      return sendXhr.call(this, body);
    };
    document.addEventListener('visibilitychange', () => {
      take(observer.takeRecords());
      if (document.hidden && spans.length) send(true);
    });
  }`,
};

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

/** The snippet that stands in the page before the agent arrives. */
export function readSnippet(): BenchAgent {
  return { name: 'clickspan/snippet', source: readScript('clickspan.snippet.js')!, edition: 'snippet' };
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
