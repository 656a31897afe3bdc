/** What a newcomer pastes to see a first trace, with this collector's address in it. */
export interface FirstTraceSnippets {
  readonly scriptTag: string;
  readonly npm: string;
  readonly lambda: string;
  readonly curl: string;
}

/**
 * Writes the snippets.
 *
 * @param collectorUrl where the agents send to
 * @param nowMs unix ms, so that the span sent by hand is of today
 */
export function createFirstTraceSnippets(collectorUrl: string, nowMs: number): FirstTraceSnippets {
  const endpoint = collectorUrl.replace(/\/+$/, '');
  return {
    scriptTag: [
      '<script src="/clickspan.js" defer',
      `  data-endpoint="${endpoint}"`,
      '  data-service-name="shop"',
      '  data-propagate-to="https://api.example"></script>',
    ].join('\n'),
    npm: [
      "import { start } from '@clickspan/browser';",
      '',
      'start({',
      `  endpoint: '${endpoint}',`,
      "  serviceName: 'shop',",
      "  propagateTo: ['https://api.example'],",
      '});',
    ].join('\n'),
    lambda: [
      '# with the layer clickspan.zip on the function',
      'NODE_OPTIONS=--require /opt/clickspan/preload.cjs',
      `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
    ].join('\n'),
    curl: toCurl(endpoint, nowMs),
  };
}

function toCurl(endpoint: string, nowMs: number): string {
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'hello',
    kind: 1,
    startTimeUnixNano: `${Math.floor(nowMs)}000000`,
    endTimeUnixNano: `${Math.floor(nowMs) + 120}000000`,
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'by-hand' } }] };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
  return `curl ${endpoint}/v1/traces -H 'content-type: application/json' \\\n  -d '${body}'`;
}
