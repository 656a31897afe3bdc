import type { Span } from '../../../api/types.ts';

/** Unix ms at which the spans of tests begin to count. */
export const FIXTURE_START_UNIX_MS = 1_795_000_000_000;

/** What a test says about a span; the rest is filled in. */
export interface FixtureSpan extends Partial<Omit<Span, 'startUnixNano'>> {
  readonly spanId: string;
  /** Ms after `FIXTURE_START_UNIX_MS`; may be before it. */
  readonly atMs?: number;
}

/** Builds a span for tests. */
export function createFixtureSpan({ atMs = 0, ...span }: FixtureSpan): Span {
  return {
    parentSpanId: '',
    name: span.spanId,
    kind: 'Internal',
    service: 'shop',
    startUnixNano: String(BigInt(Math.round((FIXTURE_START_UNIX_MS + atMs) * 1000)) * 1000n),
    durationMs: 10,
    status: { code: 'Unset', message: '' },
    links: [],
    attributes: {},
    events: [],
    resource: {},
    scope: { name: '', version: '' },
    ...span,
  };
}
