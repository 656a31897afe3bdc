import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { Authorization } from '../../platform/lambdaAuthorizer.ts';
import { refuseOption } from '../../platform/optionFaults.ts';
import { isIdentitySource, readIdentity } from './identitySource.ts';

/** A JWT authorizer of an HTTP API's route. */
export interface JwtAuthorizer {
  /** URL of who makes the tokens; where its keys are is asked of it. */
  readonly issuer: string;
  /** One of these must be the token's `aud`, or its `client_id` where it has none. */
  readonly audience: readonly string[];
  /** Where the token is; `$request.header.Authorization`. */
  readonly identitySource?: string | undefined;
  /** A token needs one of these; none when left out. */
  readonly scopes?: readonly string[] | undefined;
}

/** What the function sees of a token: every claim as text, and the scopes that let it in. */
export interface JwtContext extends JsonObject {
  readonly claims: Readonly<Record<string, string>>;
  readonly scopes: readonly string[] | null;
}

/** Decides on requests by their tokens. */
export type AuthorizeJwt = (
  authorizer: JwtAuthorizer,
  request: IncomingMessage,
) => Promise<Authorization<JwtContext>>;

/** "API Gateway supports only RSA-based algorithms." */
const ALGORITHMS: Readonly<Record<string, string>> = {
  RS256: 'RSA-SHA256',
  RS384: 'RSA-SHA384',
  RS512: 'RSA-SHA512',
};
/** "API Gateway can cache the public key for two hours." */
const KEYS_KEPT_MS = 7_200_000;
const ISSUER_TIMEOUT_MS = 5000;

/** Throws an EmulatorError when AWS would not take an authorizer. */
export function refuseJwtAuthorizerFaults(where: string, authorizer: JwtAuthorizer): void {
  const { issuer, audience, identitySource } = authorizer;
  const what = `${where}: JWT authorizer of ${issuer}`;
  if (!URL.canParse(issuer)) refuseOption(what, 'issuer must be a URL');
  if (audience.length === 0) refuseOption(what, 'needs an audience');
  if (identitySource !== undefined && !isIdentitySource(identitySource))
    refuseOption(
      what,
      `identity source "${identitySource}" must be $request.header.NAME or $request.querystring.NAME`,
    );
}

/**
 * Makes what decides by tokens
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html, "Authorizing API requests").
 *
 * @param clock tells whether a token's time has come, and is not over
 */
export function createAuthorizeJwt(clock: Clock): AuthorizeJwt {
  const issuers = new Map<string, { readonly keys: readonly JsonWebKey[]; readonly untilUnixMs: number }>();

  async function keysOf(issuer: string): Promise<readonly JsonWebKey[]> {
    const known = issuers.get(issuer);
    if (known && known.untilUnixMs > clock()) return known.keys;
    const place = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { keys } = await getJson(String(place['jwks_uri']));
    const found = Array.isArray(keys) ? (keys as readonly JsonWebKey[]) : [];
    issuers.set(issuer, { keys: found, untilUnixMs: clock() + KEYS_KEPT_MS });
    return found;
  }

  return async (authorizer, request) => {
    const { issuer, audience, scopes = [], identitySource = '$request.header.Authorization' } = authorizer;
    const token = readIdentity(identitySource, request)?.replace(/^Bearer /i, '') ?? '';
    const [head = '', body = '', signature = '', ...more] = token.split('.');
    const header = decode(head);
    const claims = decode(body);
    if (!header || !claims || more.length > 0) return { status: 'unauthorized' };
    let keys: readonly JsonWebKey[];
    try {
      keys = await keysOf(issuer);
    } catch {
      return { status: 'failed' };
    }
    const algorithm = ALGORITHMS[String(header['alg'])];
    const key = toKey(keys.find(({ kid }) => kid !== undefined && kid === header['kid']));
    const signed = Buffer.from(`${head}.${body}`);
    if (
      algorithm === undefined ||
      !key ||
      !verify(algorithm, signed, key, Buffer.from(signature, 'base64url'))
    )
      return { status: 'unauthorized' };
    if (!isValid(claims, issuer, audience, clock() / 1000)) return { status: 'unauthorized' };
    const granted = toScopes(claims).filter((scope) => scopes.includes(scope));
    if (scopes.length > 0 && granted.length === 0) return { status: 'denied' };
    const texts = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, toText(value)]));
    return { status: 'allowed', context: { claims: texts, scopes: scopes.length > 0 ? granted : null } };
  };
}

async function getJson(url: string): Promise<JsonObject> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) });
  const document: unknown = await response.json();
  if (!response.ok || !isObject(document)) throw new Error(`${url} answered ${response.status}`);
  return document;
}

function decode(part: string): JsonObject | undefined {
  const document = parseJson(Buffer.from(part, 'base64url'));
  return isObject(document) ? document : undefined;
}

function toKey(key: JsonWebKey | undefined): KeyObject | undefined {
  try {
    return key && createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** Issuer, audience and times; `client_id` counts where there is no `aud`. */
function isValid(claims: JsonObject, issuer: string, audience: readonly string[], now: number): boolean {
  const { iss, aud, client_id: clientId, exp, nbf, iat } = claims;
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud ?? clientId];
  return (
    iss === issuer &&
    audiences.some((one) => audience.includes(String(one))) &&
    typeof exp === 'number' &&
    exp > now &&
    (nbf === undefined || (typeof nbf === 'number' && nbf <= now)) &&
    (iat === undefined || (typeof iat === 'number' && iat <= now))
  );
}

function toScopes({ scope, scp }: JsonObject): readonly string[] {
  const value = scope ?? scp;
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(' ') : [];
}

/** Claims are handed on as text; lists in brackets. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(' ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
