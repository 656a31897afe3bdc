import { evaluatePolicy } from './accessPolicy.ts';
import type { Clock } from './clock.ts';
import type { InvocationOutcome } from './invocation.ts';
import { isObject, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';

/** What an authorizer made of a request. */
export type Authorization<Context extends JsonObject = JsonObject> =
  /** What the function behind it sees of the authorizer. */
  | { readonly status: 'allowed'; readonly context: Context }
  /** The identity is missing, or the authorizer said "Unauthorized". */
  | { readonly status: 'unauthorized' }
  | { readonly status: 'denied' | 'explicitlyDenied' }
  /** The authorizer failed, or returned what cannot be used. */
  | { readonly status: 'failed' };

/** One question to an authorizer. */
export interface AuthorizerCall<Context extends JsonObject> {
  /** Names the authorizer, for decisions that are kept. */
  readonly authorizer: string;
  /** What a request must say of who sent it, and by which a decision is kept. */
  readonly identity: readonly (string | undefined)[];
  /** How long a decision is kept; 0 means not at all. */
  readonly resultTtlMs: number;
  readonly event: unknown;
  readonly invoke: (event: unknown) => Promise<InvocationOutcome>;
  /** Reads what it returned; for a kept decision again, as a policy may say something else of another route. */
  readonly read: (answer: JsonObject) => Authorization<Context>;
}

/** Decides on requests, and keeps decisions. */
export type AskAuthorizer = <Context extends JsonObject>(
  call: AuthorizerCall<Context>,
) => Promise<Authorization<Context>>;

interface Kept {
  readonly answer: JsonObject;
  readonly untilUnixMs: number;
}

/** Decisions that are kept at most, over all authorizers. */
const MAX_KEPT = 10_000;

/**
 * Makes what asks the Lambda authorizers of an API Gateway
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html).
 *
 * @param clock tells how long a decision is good for
 */
export function createAskAuthorizer(clock: Clock): AskAuthorizer {
  const kept = new Map<string, Kept>();
  return async ({ authorizer, identity, resultTtlMs, event, invoke, read }) => {
    if (identity.some((value) => value === undefined || value === '')) return { status: 'unauthorized' };
    const key = JSON.stringify([authorizer, identity]);
    const known = kept.get(key);
    if (known && known.untilUnixMs > clock()) return read(known.answer);
    const reply = await invoke(event);
    if (reply.status === 'error')
      return { status: saysUnauthorized(reply.payload) ? 'unauthorized' : 'failed' };
    const answer = reply.status === 'ok' ? parseJson(reply.payload) : undefined;
    if (!isObject(answer)) return { status: 'failed' };
    const authorization = read(answer);
    if (resultTtlMs > 0 && authorization.status !== 'failed') {
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(key, { answer, untilUnixMs: clock() + resultTtlMs });
    }
    return authorization;
  };
}

/** The one error by which an authorizer says 401 and not 500. */
function saysUnauthorized(payload: Buffer): boolean {
  const document = parseJson(payload);
  return isObject(document) && document['errorMessage'] === 'Unauthorized';
}

/**
 * Reads an answer with a policy: principal, policy and context.
 *
 * @param answer what the authorizer returned
 * @param methodArn what is asked for
 * @returns with the context as it is, and the principal
 */
export function readPolicyAnswer(
  answer: JsonObject,
  methodArn: string,
): Authorization<{ readonly context: JsonObject; readonly principalId: string }> {
  const { principalId, context = {} } = answer;
  const decision = evaluatePolicy(answer['policyDocument'], methodArn);
  if (typeof principalId !== 'string' || decision === undefined || !isObject(context))
    return { status: 'failed' };
  return decision === 'allowed'
    ? { status: 'allowed', context: { context, principalId } }
    : { status: decision };
}

/**
 * Reads an answer with a policy as REST and WebSocket APIs do: the context is handed on as text, and holds neither objects
 * nor lists (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
 *
 * @param answer what the authorizer returned
 * @param methodArn what is asked for
 * @returns with what becomes `requestContext.authorizer`
 */
export function readTextAnswer(
  answer: JsonObject,
  methodArn: string,
): Authorization<Readonly<Record<string, string | number>>> {
  const read = readPolicyAnswer(answer, methodArn);
  if (read.status !== 'allowed') return read;
  const values = Object.entries(read.context.context);
  if (values.some(([, value]) => typeof value === 'object' && value !== null)) return { status: 'failed' };
  const texts = Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
  const { principalId } = read.context;
  return { status: 'allowed', context: { ...texts, principalId, integrationLatency: 0 } };
}
