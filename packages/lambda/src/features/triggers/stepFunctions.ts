import { AWS_STEP_FUNCTIONS_STATE_MACHINE_ARN } from '@clickspan/shared/attributes';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { readCarrier } from './carrier.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Tasks of a state machine that hands its context object on (`"Payload.$": "$$"`, or `$states.context` in JSONata): alone,
 * or as a field `Context` beside the task's own input. A payload without it is the sender's own and looks like any other.
 *
 * The context is what the task's payload says, then what the execution was started with: so an execution continues the
 * trace of who started it.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
 */
export function parseStepFunctions(event: EventRecord): Trigger | undefined {
  const context = event['Execution'] === undefined ? toRecord(event['Context']) : event;
  const execution = toRecord(context['Execution']);
  const machine = toText(toRecord(context['StateMachine'])['Id']);
  if (!machine || !toText(execution['Id'])?.includes(':states:')) return undefined;
  const parent = readCarrier(event) ?? readCarrier(execution['Input']);
  return {
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('other', 'step-functions', toText(toRecord(context['State'])['Name'])),
      [AWS_STEP_FUNCTIONS_STATE_MACHINE_ARN]: machine,
    },
    parent,
    fromOutside: parent && true,
  };
}
