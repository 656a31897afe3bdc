import type { InvocationOutcome } from '../../platform/invocation.ts';
import type { Clock } from '../../platform/clock.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { RestAuthorizer } from './authorizerConfig.ts';
import { evaluatePolicy } from './policy.ts';

/** What an authorizer made of a request. */
export type Authorization =
  /** What the method's function sees as `requestContext.authorizer`. */
  | { readonly status: 'allowed'; readonly context: Readonly<Record<string, string | number>> }
  /** The identity is missing, or the authorizer said "Unauthorized". */
  | { readonly status: 'unauthorized' }
  | { readonly status: 'denied' | 'explicitlyDenied' }
  /** The authorizer failed, or returned what cannot be used. */
  | { readonly status: 'failed' };

export interface AuthorizeInput {
  readonly authorizer: RestAuthorizer;
  /** The value of a request's header by its lower-case name. */
  readonly headerOf: (name: string) => string | undefined;
  readonly methodArn: string;
  /** The event of the method, of which a REQUEST authorizer's is made. */
  readonly event: JsonObject;
  readonly invoke: (event: unknown) => Promise<InvocationOutcome>;
}

/** Decides on requests, and keeps decisions. */
export type Authorize = (input: AuthorizeInput) => Promise<Authorization>;

interface Kept {
  /** What the authorizer returned; the policy in it is evaluated for each method anew. */
  readonly answer: JsonObject;
  readonly untilUnixMs: number;
}

const DEFAULT_TTL_MS = 300_000;
/** Decisions that are kept at most, over all authorizers. */
const MAX_KEPT = 10_000;

/**
 * Makes what asks authorizers, by the API Gateway developer guide, "Use API Gateway Lambda authorizers".
 *
 * @param clock tells how long a decision is good for
 */
export function createAuthorize(clock: Clock): Authorize {
  const kept = new Map<string, Kept>();
  return async (input) => {
    const { authorizer, headerOf } = input;
    const { identityHeaders = ['Authorization'], resultTtlMs = DEFAULT_TTL_MS } = authorizer;
    const identity = identityHeaders.map((name) => headerOf(name.toLowerCase()));
    if (identity.some((value) => value === undefined || value === '')) return { status: 'unauthorized' };
    const key = JSON.stringify([authorizer.function, authorizer.type, identity]);
    const known = kept.get(key);
    if (known && known.untilUnixMs > clock()) return toAuthorization(known.answer, input.methodArn);
    const reply = await input.invoke(toAuthorizerEvent(input, identity[0]));
    if (reply.status === 'error')
      return { status: saysUnauthorized(reply.payload) ? 'unauthorized' : 'failed' };
    const answer = reply.status === 'ok' ? parseJson(reply.payload) : undefined;
    if (!isObject(answer)) return { status: 'failed' };
    const authorization = toAuthorization(answer, input.methodArn);
    if (resultTtlMs > 0 && authorization.status !== 'failed') {
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(key, { answer, untilUnixMs: clock() + resultTtlMs });
    }
    return authorization;
  };
}

function toAuthorizerEvent(
  { authorizer, methodArn, event }: AuthorizeInput,
  token: string | undefined,
): unknown {
  if (authorizer.type !== 'REQUEST') return { type: 'TOKEN', authorizationToken: token, methodArn };
  const { body: _, isBase64Encoded: __, ...request } = event;
  return { type: 'REQUEST', methodArn, ...request };
}

/** The one error by which an authorizer says 401 and not 500. */
function saysUnauthorized(payload: Buffer): boolean {
  const document = parseJson(payload);
  return isObject(document) && document['errorMessage'] === 'Unauthorized';
}

function toAuthorization(answer: JsonObject, methodArn: string): Authorization {
  const { principalId, context = {} } = answer;
  const decision = evaluatePolicy(answer['policyDocument'], methodArn);
  if (typeof principalId !== 'string' || decision === undefined || !isObject(context))
    return { status: 'failed' };
  if (decision !== 'allowed') return { status: decision };
  const values = Object.entries(context);
  // "You can't set a JSON object or array as a valid value of any key in the context map."
  if (values.some(([, value]) => typeof value === 'object' && value !== null)) return { status: 'failed' };
  const texts = Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
  return { status: 'allowed', context: { ...texts, principalId, integrationLatency: 0 } };
}
