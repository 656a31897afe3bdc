import type { Span } from './consoleApi.ts';

/** The spans that a click on "Buy" must leave behind, in the order in which they come about. */
export const STEPS = ['action', 'request', 'invocation', 'init', 'write', 'send', 'fulfilment'] as const;
export type Step = (typeof STEPS)[number];

/** How far a trace goes. */
export interface Chain {
  readonly found: Readonly<Partial<Record<Step, Span>>>;
  /** What is not there although it should be; empty when the chain is whole. */
  readonly missing: readonly Step[];
}

/**
 * Follows the chain from the click to the queue's function. Each step must hang below the one before it.
 *
 * @param spans all spans of the trace
 * @param cold whether the order was the first of its environment: then, and only then, there must be an init
 */
export function followChain(spans: readonly Span[], cold: boolean): Chain {
  const action = spans.find((span) => span.parentSpanId === '' && isA(span, 'action'));
  // Without the action the rest is still looked for: what is missing tells where the chain is broken.
  const request = spans.find((span) => isA(span, 'request') && isPost(span) && isBelow(span, action));
  const invocation = spans.find(
    (span) => isA(span, 'invocation') && span.service === 'orders' && isBelow(span, request),
  );
  const init = spans.find(
    (span) =>
      isA(span, 'init') && span.service === 'orders' && span.parentSpanId === invocation?.parentSpanId,
  );
  const calls = spans.filter((span) => isA(span, 'call') && isBelow(span, invocation));
  const write = calls.find((span) =>
    /dynamodb|putitem/i.test(span.name + (span.attributes['db.system.name'] ?? '')),
  );
  const send = calls.find((span) => span.kind === 'Producer' || /sqs|sendmessage/i.test(span.name));
  const fulfilment = spans.find(
    (span) => isA(span, 'invocation') && span.service === 'fulfil' && isBelow(span, send),
  );
  const all = { action, request, invocation, init, write, send, fulfilment };
  const found = Object.fromEntries(Object.entries(all).filter(([, span]) => span !== undefined));
  const missing = STEPS.filter(
    (step) => !all[step] && (step !== 'init' || (cold && invocation !== undefined)),
  );
  return { found, missing };
}

/** Whether a trace holds a cold start, as the agent found it. */
export function isCold(spans: readonly Span[]): boolean {
  return spans.some((span) => isA(span, 'init') || span.attributes['faas.coldstart'] === 'true');
}

/**
 * Tells whether the agent found what the customer made sure of: the first order meets a new environment, the second
 * one nothing but used ones.
 */
export function isAsStarted(spans: readonly Span[], { found }: Chain, cold: boolean): boolean {
  return cold ? found.invocation?.attributes['faas.coldstart'] === 'true' : !isCold(spans);
}

/** What a span is in the words of Clickspan. */
export function isA(span: Span, type: string): boolean {
  return span.attributes['clickspan.span.type'] === type;
}

function isPost(span: Span): boolean {
  return span.attributes['http.request.method'] === 'POST';
}

function isBelow(span: Span, parent: Span | undefined): boolean {
  return parent === undefined || span.parentSpanId === parent.spanId;
}
