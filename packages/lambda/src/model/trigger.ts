import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';

/**
 * How a function's result becomes an HTTP response: payload format 1.0 or 2.0 of API Gateway, a load balancer with single
 * or with multi-value headers, or the handshake of a WebSocket, whose headers nobody reads.
 */
export type HttpAnswer = 'v1' | 'v2' | 'alb' | 'albMultiValue' | 'webSocket';

/** What an event says about its invocation. */
export interface Trigger {
  /** The span's name; where there is none, the function's name is taken. */
  readonly name?: string | undefined;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** The caller's span, where one call or message alone is the cause. */
  readonly parent?: SpanContext | undefined;
  /**
   * Anybody may have written the parent's flags: it came over the Internet, or in a payload. What else a message has takes
   * a permission of AWS to write.
   */
  readonly fromOutside?: boolean | undefined;
  /** The spans that were causes together. */
  readonly links?: readonly Link[];
  /** The result is an HTTP response. */
  readonly answer?: HttpAnswer;
  /** The result may give messages back as failed. */
  readonly batch?: boolean;
}
