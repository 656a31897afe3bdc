import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import type { Page } from 'playwright-core';
import { hasType } from './agentPage.ts';
import type { FakeCollector } from './collector.ts';
import type { TestOrigin } from './testOrigins.ts';

const pagesDir: string = resolve(import.meta.dirname, 'attributionPages');

/** Bundles one of the pages' scripts with its libraries as they go into production. */
export async function bundlePage(name: string): Promise<string> {
  const bundle = await rolldown({
    input: resolve(pagesDir, `${name}.mjs`),
    platform: 'browser',
    logLevel: 'silent',
    transform: {
      define: {
        'process.env.NODE_ENV': '"production"',
        __VUE_OPTIONS_API__: 'true',
        __VUE_PROD_DEVTOOLS__: 'false',
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      },
    },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  return output[0].code;
}

/** Where the requests of all clicks have ended up; the steps say which they were. */
export interface Attribution {
  /** With a click as their cause. */
  readonly requests: number;
  /** In another trace than their click's, and not marked: `step of click: where`. */
  readonly wrong: readonly string[];
  /** In their own click's trace or not, but marked `unsure`. */
  readonly unsure: readonly string[];
  /** Without a click as their cause. */
  readonly background: number;
  /** Without a click as their cause, but in the trace of one. */
  readonly taken: readonly string[];
}

/**
 * Lets a page click, and compares what the server was told with the clicks' own traces.
 *
 * @param options for the page's `run()`
 */
export async function attribute(
  page: Page,
  site: TestOrigin,
  collector: FakeCollector,
  options: {
    readonly variant?: string;
    readonly count?: number;
    readonly gapMs: number;
    readonly socketUrl?: string;
  },
): Promise<Attribution> {
  // What is asked for while the page loads belongs to its load.
  await collector.waitForSpan((span) => span.name.startsWith('load '));
  await page.evaluate(
    (given) => (window as unknown as { run(o: object): Promise<void> }).run(given),
    options,
  );
  const actions = await collector.waitForSpans(
    options.count ?? 60,
    (span) => hasType('action')(span) && span.name.startsWith('click '),
  );
  const sent = site.requests.filter(({ url }) => url.includes('&n='));
  const spanIds = new Set(sent.map(({ headers }) => parse(headers['traceparent']).spanId));
  const spans = await collector.waitForSpans(spanIds.size, (span) => spanIds.has(span.spanId));
  const spanOf = new Map(spans.map((span) => [span.spanId, span]));
  const nameOf = new Map(actions.map((span) => [span.traceId, span.name]));
  const wrong: string[] = [];
  const unsure: string[] = [];
  const taken: string[] = [];
  let background = 0;
  for (const { url, headers } of sent) {
    const { searchParams } = new URL(url, 'http://any');
    const n = searchParams.get('n');
    const { traceId, spanId } = parse(headers['traceparent']);
    const name = nameOf.get(traceId);
    const told = `${searchParams.get('step')} of ${n}: ${name ?? 'none'}`;
    const isUnsure = spanOf.get(spanId)?.attributes['clickspan.attribution'] === 'unsure';
    if (n === 'none') {
      background++;
      if (name) taken.push(isUnsure ? `${told} (unsure)` : told);
    } else if (isUnsure) unsure.push(told);
    else if (name !== `click n${n}`) wrong.push(told);
  }
  return { requests: sent.length - background, wrong, unsure, background, taken };
}

function parse(traceparent: unknown): { traceId: string; spanId: string } {
  const [, traceId = '', spanId = ''] = String(traceparent).split('-');
  return { traceId, spanId };
}
