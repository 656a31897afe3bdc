import {
  CLICKSPAN_ACTION_TYPE,
  CLICKSPAN_SPAN_TYPE,
  DB_SYSTEM_NAME,
  FAAS_COLDSTART,
} from '@clickspan/shared/attributes';
import type { Span } from '../../../api/types.ts';

/** What a span is, in the words of the pages; each has a colour and a name of its own. */
export type SpanCategory = 'action' | 'request' | 'init' | 'invocation' | 'call' | 'message' | 'other';

/** All categories in the order of the legend: the way of the data. */
export const SPAN_CATEGORIES: readonly SpanCategory[] = [
  'action',
  'request',
  'init',
  'invocation',
  'call',
  'message',
  'other',
];

/** The drawing in front of a span's name: finer than its category, so that a database does not look like a web call. */
export type SpanIcon =
  | 'load'
  | 'click'
  | 'route'
  | 'request'
  | 'init'
  | 'invocation'
  | 'consumer'
  | 'producer'
  | 'database'
  | 'call'
  | 'server'
  | 'internal';

/**
 * Sorts a span by what the agents say (`clickspan.span.type`), else by its kind, so that spans of any OpenTelemetry
 * SDK find their place too.
 */
export function toSpanCategory(span: Span): SpanCategory {
  if (span.kind === 'Producer' || span.kind === 'Consumer') return 'message';
  switch (span.attributes[CLICKSPAN_SPAN_TYPE]) {
    case 'action':
      return 'action';
    case 'request':
      return 'request';
    case 'init':
      return 'init';
    case 'invocation':
      return 'invocation';
    case 'call':
      return 'call';
    case undefined:
    default:
      break;
  }
  if (span.kind === 'Client') return 'call';
  if (span.kind === 'Server') return 'invocation';
  return 'other';
}

/** Picks the drawing of a span. */
export function toSpanIcon(span: Span): SpanIcon {
  if (span.kind === 'Producer') return 'producer';
  if (span.kind === 'Consumer') return 'consumer';
  const category = toSpanCategory(span);
  if (category === 'action') {
    const type = span.attributes[CLICKSPAN_ACTION_TYPE];
    return type === 'load' || type === 'route' ? type : 'click';
  }
  if (category === 'call' && span.attributes[DB_SYSTEM_NAME]) return 'database';
  if (category === 'call' || category === 'request' || category === 'init') return category;
  if (category === 'invocation') return isFunction(span) ? 'invocation' : 'server';
  return 'internal';
}

function isFunction(span: Span): boolean {
  return span.attributes[CLICKSPAN_SPAN_TYPE] === 'invocation' || FAAS_COLDSTART in span.attributes;
}
