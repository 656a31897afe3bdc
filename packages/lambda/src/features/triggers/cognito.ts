import { KIND_SERVER } from '@clickspan/shared/tracer';
import { readCarrier } from './carrier.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Triggers of a Cognito user pool. An app can hand a context on in the metadata of its call (`ClientMetadata`), which some
 * of the triggers get.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
 */
export function parseCognito(event: EventRecord): Trigger | undefined {
  const source = toText(event['triggerSource']);
  if (!source || toText(event['userPoolId']) === undefined) return undefined;
  return {
    kind: KIND_SERVER,
    attributes: describeTrigger('other', 'cognito', source),
    parent: readCarrier(toRecord(event['request'])['clientMetadata']),
    fromOutside: true,
  };
}
