/** A span as the console's query API hands it out; what is not printed is left out. */
export interface Span {
  readonly spanId: string;
  /** Empty for the root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly startUnixNano: string;
  readonly durationMs: number;
  readonly status: { readonly code: string; readonly message: string };
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a question to the console came to. */
export type Answer<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'unknown' }
  | { readonly status: 'failed'; readonly reason: string };

const ASK_TIMEOUT_MS = 10_000;

/**
 * Reads a trace.
 *
 * @param consoleUrl address of the console
 * @param traceId 32 hex digits
 */
export async function readTrace(consoleUrl: string, traceId: string): Promise<Answer<readonly Span[]>> {
  const answer = await ask<{ spans: Span[] }>(consoleUrl, `/api/traces/${traceId}`);
  return answer.status === 'ok' ? { status: 'ok', value: answer.value.spans.map(toPrinted) } : answer;
}

/** Finds the traces that pass through a service and began after a moment, newest first. */
export async function findTraces(
  consoleUrl: string,
  service: string,
  sinceUnixMs: number,
): Promise<string[]> {
  const path = `/api/traces?limit=50&service=${encodeURIComponent(service)}`;
  const answer = await ask<{ traces: { traceId: string; startUnixNano: string }[] }>(consoleUrl, path);
  if (answer.status !== 'ok') return [];
  return answer.value.traces
    .filter(({ startUnixNano }) => Number(BigInt(startUnixNano) / 1_000_000n) >= sinceUnixMs)
    .map(({ traceId }) => traceId);
}

/** Asks how the engine is: undefined when it is well, else what the console says of it. */
export async function readEngineProblem(consoleUrl: string): Promise<string | undefined> {
  const answer = await ask<unknown>(consoleUrl, '/api/health');
  if (answer.status === 'ok') return undefined;
  return answer.status === 'failed' ? answer.reason : 'the console has no /api/health';
}

async function ask<T>(consoleUrl: string, path: string): Promise<Answer<T>> {
  try {
    const response = await fetch(new URL(path, consoleUrl), { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const text = await response.text();
    if (response.status === 404) return { status: 'unknown' };
    if (!response.ok) return { status: 'failed', reason: `${path} was answered ${response.status}: ${text}` };
    return { status: 'ok', value: JSON.parse(text) as T };
  } catch (error) {
    return { status: 'failed', reason: `${path} could not be asked: ${String(error)}` };
  }
}

function toPrinted(span: Span): Span {
  const { spanId, parentSpanId, name, kind, service, startUnixNano, durationMs } = span;
  const { status, links, attributes } = span;
  return {
    spanId,
    parentSpanId,
    name,
    kind,
    service,
    startUnixNano,
    durationMs,
    status,
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    attributes,
  };
}
