import type { Link, SpanContext } from '@opentelemetry/api';
import type { Trigger } from '../../model/trigger.ts';

/** What becomes of a context that X-Ray records. */
export type XrayUse = 'link' | 'parent' | 'off';

/** Where an invocation comes from. */
export interface Origin {
  /** The span that is to be the parent. */
  readonly caller: SpanContext | undefined;
  readonly links: Link[];
}

/**
 * Puts together what the event and X-Ray tell of an invocation's causes; pure. The event goes first: X-Ray's context is
 * that of Lambda itself, whose spans go to X-Ray alone, so a trace that is stored elsewhere would lack its parent.
 *
 * @param xray the context that X-Ray records, or hands on for us
 */
export function toOrigin(
  { parent, links = [] }: Pick<Trigger, 'parent' | 'links'>,
  xray: SpanContext | undefined,
  use: XrayUse,
): Origin {
  if (!xray || use === 'off' || parent?.spanId === xray.spanId) return { caller: parent, links: [...links] };
  if (use === 'parent' && !parent) return { caller: xray, links: [...links] };
  return { caller: parent, links: [...links, { context: xray }] };
}
