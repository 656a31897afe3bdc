import type { Agent } from '@clickspan/browser';
import type { Browser, Page } from 'playwright-core';
import type { FakeCollector, ReceivedSpan } from './collector.ts';

declare global {
  interface Window {
    /** The agent of the script tag. */
    clickspan?: Agent | undefined;
  }
}

/** Attributes of the script tag, without `data-`. */
export type TagAttributes = Readonly<Record<string, string>>;

/**
 * A page with the agent by script tag.
 *
 * @param attributes of the tag, without `data-`
 * @param body what comes after it
 */
export function toPageHtml(attributes: TagAttributes, body = ''): string {
  const data = Object.entries(attributes).map(([name, value]) => ` data-${name}="${value}"`);
  return `<!doctype html><meta charset="utf-8"><title>Test</title>
<script src="/clickspan.js"${data.join('')}></script>
<body>${body}</body>`;
}

/** What a page said in its console, and what errors it had. */
export interface PageVoices {
  readonly page: Page;
  readonly console: string[];
  readonly errors: string[];
}

/** Opens a page in a context of its own and listens to it. */
export async function openPage(browser: Browser, url: string): Promise<PageVoices> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const voices: PageVoices = { page, console: [], errors: [] };
  page.on('console', (message) => voices.console.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => voices.errors.push(error.message));
  await page.goto(url, { waitUntil: 'load' });
  return voices;
}

/**
 * Lets a page do something at whose end it goes elsewhere. Nobody waits for it: a page that is gone answers nothing.
 *
 * @param work knows nothing of what stands around it
 */
export async function runAndLeave(
  page: { evaluate(code: string): Promise<unknown> },
  work: () => Promise<void> | void,
): Promise<void> {
  await page.evaluate(`void setTimeout(${String(work)})`);
}

/** What `clickspan.span.type` a span has. */
export function hasType(type: string, name?: string): (span: ReceivedSpan) => boolean {
  return (span) =>
    span.attributes['clickspan.span.type'] === type && (name === undefined || span.name === name);
}

/** Fits the span of a request to a path. */
export function isRequestTo(path: string): (span: ReceivedSpan) => boolean {
  return (span) => {
    const url = span.attributes['url.full'];
    return typeof url === 'string' && new URL(url).pathname === path && hasType('request')(span);
  };
}

/** The action above a span. */
export function actionOf(collector: FakeCollector, span: ReceivedSpan): Promise<ReceivedSpan> {
  return collector.waitForSpan(({ spanId }) => spanId === span.parentSpanId);
}
