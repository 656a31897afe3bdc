import type { SpanContext } from '@opentelemetry/api';
import { readCarrier } from './carrier.ts';
import { toRecord } from './trigger.ts';

/**
 * The context that a caller of `Invoke` has written: into the client context, whose own part is named `custom`, or
 * `Custom` as the mobile SDKs have it.
 *
 * @param lambda the context object of the runtime client
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function readClientContext(lambda: unknown): SpanContext | undefined {
  const clientContext = toRecord(toRecord(lambda)['clientContext']);
  return readCarrier(clientContext['custom']) ?? readCarrier(clientContext['Custom']);
}
