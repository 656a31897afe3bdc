import type { Attributes, SpanContext } from '@opentelemetry/api';

/** What is known of one message before it is processed. */
export interface DescribedMessage {
  readonly id: string | undefined;
  readonly name: string;
  readonly attributes: Attributes;
  /** The span that sent it. */
  readonly sender: SpanContext | undefined;
  /** Anybody may have written its flags. */
  readonly fromOutside: boolean;
}
