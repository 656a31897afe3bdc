import type { InvocationOutcome } from '../../platform/invocation.ts';
import type { JsonObject } from '../../platform/json.ts';
import { readTextAnswer } from '../../platform/lambdaAuthorizer.ts';
import type { AskAuthorizer, Authorization } from '../../platform/lambdaAuthorizer.ts';
import type { RestAuthorizer } from './authorizerConfig.ts';

export interface AuthorizeInput {
  readonly authorizer: RestAuthorizer;
  /** The value of a request's header by its lower-case name. */
  readonly headerOf: (name: string) => string | undefined;
  readonly methodArn: string;
  /** The event of the method, of which a REQUEST authorizer's is made. */
  readonly event: JsonObject;
  readonly invoke: (event: unknown) => Promise<InvocationOutcome>;
}

const DEFAULT_TTL_MS = 300_000;

/**
 * Asks a method's authorizer.
 *
 * @param ask asks, and keeps decisions
 * @param input the authorizer, and the request
 */
export function authorize(
  ask: AskAuthorizer,
  { authorizer, headerOf, methodArn, event, invoke }: AuthorizeInput,
): Promise<Authorization<Readonly<Record<string, string | number>>>> {
  const { identityHeaders = ['Authorization'], resultTtlMs = DEFAULT_TTL_MS } = authorizer;
  const identity = identityHeaders.map((name) => headerOf(name.toLowerCase()));
  const { body: _, isBase64Encoded: __, ...request } = event;
  return ask({
    authorizer: JSON.stringify([authorizer.function, authorizer.type]),
    identity,
    resultTtlMs,
    event:
      authorizer.type === 'REQUEST'
        ? { type: 'REQUEST', methodArn, ...request }
        : { type: 'TOKEN', authorizationToken: identity[0], methodArn },
    invoke,
    read: (answer) => readTextAnswer(answer, methodArn),
  });
}
