import type { Account } from '../features/environment/functionConfig.ts';
import type { OutgoingMessage } from '../features/sqs/message.ts';
import type { InvokeFunction } from '../platform/invocation.ts';
import type { Clock } from '../platform/clock.ts';

/** What the fronts are given of the rest of the emulator. */
export interface Wiring {
  readonly account: Account;
  readonly clock: Clock;
  /** A caller's trace header continued, or a new one. */
  readonly toTraceId: (incoming: string | undefined) => string;
  readonly invoke: InvokeFunction;
  readonly isFunction: (name: string) => boolean;
  /** Throws an EmulatorError that lists the functions when there is none of that name. */
  readonly refuseUnknown: (functionName: string) => void;
  /** Sends to a queue by its name; false when there is none. */
  readonly sendToQueue: (queueName: string, message: OutgoingMessage) => boolean;
  /** Is called when the emulator stops. */
  readonly keep: (stop: () => Promise<void>) => void;
}

/** Ten letters and digits, as API Gateway's ids are; the same for the same name. */
export function toApiId(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .padEnd(10, '0')
    .slice(0, 10);
}
