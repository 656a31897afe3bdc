import { ShopClosed } from './buy.ts';
import type { Purchase, PageReports } from './buy.ts';
import type { Chain } from './chain.ts';

/** The links of the chain; `shop` when the shop itself did not work, so that there was nothing to trace. */
export type Link = 'shop' | 'stamp' | 'layer' | 'queue' | 'collector' | 'engine';

/** Which link is broken, how that is known, and where to look. */
export interface BrokenLink {
  readonly link: Link;
  readonly evidence: readonly string[];
  readonly lookAt: string;
}

/** Everything that is known of a purchase whose trace is not whole. */
export interface Evidence {
  readonly purchase: Purchase;
  readonly reports: readonly PageReports[];
  readonly chain: Chain;
  readonly waitedMs: number;
  /** What the console said when it did not answer as it should, newest last. */
  readonly engineProblems: readonly string[];
  /** How often each function was invoked since the click, by the emulator's own record. */
  readonly invocations: Readonly<Record<string, number>>;
  /** Other traces since the click that the queue's function is in. */
  readonly strayFulfilments: readonly string[];
}

/** The question to each link, in the order in which a fault hides the ones after it. */
const DECIDERS: readonly ((evidence: Evidence) => BrokenLink | undefined)[] = [
  decideShop,
  decideStamp,
  decideEngine,
  decidePageReports,
  decideOrdersFunction,
  decideQueue,
];

/**
 * Names the link at which a trace broke off.
 *
 * @param evidence what was seen of page, network, emulator and console
 */
export function decideBrokenLink(evidence: Evidence): BrokenLink {
  for (const decide of DECIDERS) {
    const broken = decide(evidence);
    if (broken) return broken;
  }
  return {
    link: 'collector',
    evidence: [
      `After ${seconds(evidence)} there is still no span for: ${evidence.chain.missing.join(', ')}.`,
    ],
    lookAt: 'what the console printed',
  };
}

/**
 * Names the link that kept the shop from opening at all.
 *
 * @param error what was thrown while everything started
 * @returns undefined when it is none of them
 */
export function decideUnopened(error: unknown): BrokenLink | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const evidence = [error.message];
  if (error instanceof ShopClosed) {
    return { link: 'shop', evidence, lookAt: 'the functions and services of the configuration' };
  }
  if (/^CLICKSPAN_CONSOLE_(ENGINE|SCHEMA)/.test(code)) {
    return { link: 'engine', evidence, lookAt: 'the storage engine, or the server at CLICKHOUSE_URL' };
  }
  if (code === 'CLICKSPAN_CLI_PATH_MISSING' && /\blayers\[/.test(error.message)) {
    return { link: 'layer', evidence, lookAt: 'layers in the configuration' };
  }
  return undefined;
}

function decideShop({ purchase }: Evidence): BrokenLink | undefined {
  if (purchase.succeeded) return undefined;
  return {
    link: 'shop',
    evidence: [
      `The purchase failed; the shop said: "${purchase.said}"`,
      `POST /orders was answered ${purchase.httpStatus ?? 'not at all'}.`,
    ],
    lookAt: 'the functions and services of the configuration',
  };
}

function decideStamp({ purchase }: Evidence): BrokenLink | undefined {
  if (purchase.traceparent !== undefined) return undefined;
  return {
    link: 'stamp',
    evidence: ['The page sent POST /orders without a traceparent header.'],
    lookAt:
      "the page's agent: is its script loaded, and does data-propagate-to (propagateTo) hold the API's origin?",
  };
}

function decideEngine({ engineProblems }: Evidence): BrokenLink | undefined {
  const last = engineProblems.at(-1);
  if (last === undefined) return undefined;
  return {
    link: 'engine',
    evidence: [`The console could not reach its storage engine (${engineProblems.length} times): ${last}`],
    lookAt: 'the storage engine: its process, its disk, or the server at CLICKHOUSE_URL',
  };
}

function decidePageReports(evidence: Evidence): BrokenLink | undefined {
  const { chain, reports } = evidence;
  if (chain.found.action && chain.found.request) return undefined;
  const failed = reports.findLast((report) => report.failed !== 'no');
  const seen = failed
    ? `The page's report to ${failed.url} failed: ${failed.outcome}.`
    : reports.length === 0
      ? 'The page stamped its request but sent no report at all.'
      : 'The page sent its reports, but its spans are not in the store.';
  return {
    link: 'collector',
    evidence: [seen, `Missing after ${seconds(evidence)}: ${chain.missing.join(', ')}.`],
    lookAt: "the collector's address in the page: data-endpoint (endpoint)",
  };
}

function decideOrdersFunction(evidence: Evidence): BrokenLink | undefined {
  const { chain, purchase } = evidence;
  const { invocation, write, send, init } = chain.found;
  if (invocation && write && send && (init || !chain.missing.includes('init'))) return undefined;
  const agentSpoke = /\btraceparent\b/.test(purchase.serverTiming ?? '');
  if (!invocation && agentSpoke) {
    return {
      link: 'collector',
      evidence: [
        `The agent inside "orders" answered (Server-Timing: ${purchase.serverTiming}),`,
        `but its spans did not reach the collector within ${seconds(evidence)}.`,
      ],
      lookAt: "OTEL_EXPORTER_OTLP_ENDPOINT in the function's environment",
    };
  }
  const seen = invocation
    ? `The function "orders" left its invocation, but not: ${chain.missing.join(', ')}.`
    : `The function "orders" ran ${evidence.invocations['orders'] ?? 0} times, but no agent in it made itself known ` +
      '(no span, no Server-Timing).';
  return {
    link: 'layer',
    evidence: [`POST /orders was stamped (traceparent: ${purchase.traceparent}).`, seen],
    lookAt: "the function's layers and its NODE_OPTIONS (--require /opt/clickspan/preload.cjs)",
  };
}

function decideQueue(evidence: Evidence): BrokenLink | undefined {
  const { chain, invocations, strayFulfilments } = evidence;
  const { send, fulfilment } = chain.found;
  if (fulfilment || !send) return undefined;
  const sent = `The message was sent (span ${send.name}, ${send.spanId}).`;
  const times = invocations['fulfil'] ?? 0;
  if (times === 0) {
    return {
      link: 'queue',
      evidence: [sent, `The function "fulfil" was not invoked within ${seconds(evidence)}.`],
      lookAt: "the queue's trigger: queues.orders.function",
    };
  }
  if (strayFulfilments.length > 0) {
    return {
      link: 'queue',
      evidence: [
        sent,
        `"fulfil" ran in a trace of its own (${strayFulfilments[0]}): the message arrived without its traceparent.`,
      ],
      lookAt: 'what stands between sender and queue, and the message attributes of the queue',
    };
  }
  return {
    link: 'layer',
    evidence: [sent, `"fulfil" ran ${times} times, but left no span in any trace.`],
    lookAt: 'the layers, NODE_OPTIONS and OTEL_EXPORTER_OTLP_ENDPOINT of the function "fulfil"',
  };
}

function seconds({ waitedMs }: Evidence): string {
  return `${Math.round(waitedMs / 1000)} s`;
}
