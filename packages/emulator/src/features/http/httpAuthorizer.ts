import type { IncomingMessage } from 'node:http';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { isObject } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import { readPolicyAnswer } from '../../platform/lambdaAuthorizer.ts';
import type { AskAuthorizer, Authorization } from '../../platform/lambdaAuthorizer.ts';
import { refuseOption, refuseOutOfRange } from '../../platform/optionFaults.ts';
import { isIdentitySource, readIdentity } from './identitySource.ts';

/** A Lambda authorizer of an HTTP API's route. */
export interface HttpAuthorizer {
  /** Name of the function that decides. */
  readonly function: string;
  /** Which event it gets; `2.0`. */
  readonly payloadFormatVersion?: PayloadFormat | undefined;
  /** Whether it answers with `isAuthorized` and not with a policy; only with format 2.0; false. */
  readonly simpleResponses?: boolean | undefined;
  /** What must be there: `$request.header.Authorization`, `$request.querystring.token`; nothing. */
  readonly identitySources?: readonly string[] | undefined;
  /** How long a decision is kept, by the identity sources; 0, the default, to 3,600,000. */
  readonly resultTtlMs?: number | undefined;
}

/** How a function of an HTTP API is told of a request. */
export type PayloadFormat = '1.0' | '2.0';

export interface HttpAuthorizeInput {
  readonly authorizer: HttpAuthorizer;
  readonly request: IncomingMessage;
  /** The route that is asked for. */
  readonly routeArn: string;
  /** The event of the route's function in the authorizer's format. */
  readonly event: JsonObject;
  readonly invoke: (event: unknown) => Promise<InvocationOutcome>;
}

const LONGEST_TTL_MS = 3_600_000;

/**
 * Throws an EmulatorError when AWS would not take an authorizer
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).
 *
 * @param where names the API, for the message
 * @param authorizer as configured
 */
export function refuseHttpAuthorizerFaults(where: string, authorizer: HttpAuthorizer): void {
  const { payloadFormatVersion = '2.0', simpleResponses = false, identitySources = [] } = authorizer;
  const what = `${where}: authorizer ${authorizer.function}`;
  refuseUnknownFormat(what, payloadFormatVersion);
  if (simpleResponses && payloadFormatVersion !== '2.0')
    refuseOption(what, 'simpleResponses needs payloadFormatVersion 2.0');
  const odd = identitySources.find((source) => !isIdentitySource(source));
  if (odd !== undefined)
    refuseOption(what, `identity source "${odd}" must be $request.header.NAME or $request.querystring.NAME`);
  refuseOutOfRange(what, 'resultTtlMs', authorizer.resultTtlMs, 0, LONGEST_TTL_MS);
  if ((authorizer.resultTtlMs ?? 0) > 0 && identitySources.length === 0)
    refuseOption(what, 'without identity sources no decision can be kept: resultTtlMs must be 0');
}

/** Throws an EmulatorError when there is no such format. */
export function refuseUnknownFormat(what: string, version: PayloadFormat = '2.0'): void {
  if (version !== '1.0' && version !== '2.0')
    refuseOption(what, `payloadFormatVersion "${String(version)}" must be 1.0 or 2.0`);
}

/**
 * Asks a route's authorizer.
 *
 * @param ask asks, and keeps decisions
 * @param input the authorizer, and the request
 * @returns with its context as it is, and its principal, if it names one
 */
export function authorizeHttp(
  ask: AskAuthorizer,
  { authorizer, request, routeArn, event, invoke }: HttpAuthorizeInput,
): Promise<Authorization<{ readonly context: JsonObject; readonly principalId?: string }>> {
  const { identitySources = [], payloadFormatVersion = '2.0', simpleResponses = false } = authorizer;
  const identity = identitySources.map((source) => readIdentity(source, request));
  const { body: _, isBase64Encoded: __, ...rest } = event;
  return ask({
    authorizer: JSON.stringify([authorizer.function, payloadFormatVersion, simpleResponses]),
    identity,
    resultTtlMs: authorizer.resultTtlMs ?? 0,
    event:
      payloadFormatVersion === '2.0'
        ? { ...rest, type: 'REQUEST', routeArn, identitySource: identity.length > 0 ? identity : null }
        : toEvent1(rest, routeArn, identity.join(',')),
    invoke,
    read: (answer) => (simpleResponses ? readSimpleAnswer(answer) : readPolicyAnswer(answer, routeArn)),
  });
}

function toEvent1(event: JsonObject, methodArn: string, identity: string): JsonObject {
  const { multiValueHeaders: _, multiValueQueryStringParameters: __, ...rest } = event;
  return { ...rest, type: 'REQUEST', methodArn, identitySource: identity, authorizationToken: identity };
}

function readSimpleAnswer({ isAuthorized, context = {} }: JsonObject): Authorization<{
  readonly context: JsonObject;
}> {
  if (typeof isAuthorized !== 'boolean' || !isObject(context)) return { status: 'failed' };
  return isAuthorized ? { status: 'allowed', context: { context } } : { status: 'denied' };
}
