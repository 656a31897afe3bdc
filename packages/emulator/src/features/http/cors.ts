import type { IncomingHttpHeaders } from 'node:http';
import { refuseOption, refuseOutOfRange } from '../../platform/optionFaults.ts';

/** CORS as an HTTP API or a function URL is configured. Lists may hold `*`. */
export interface CorsConfig {
  readonly allowOrigins: readonly string[];
  readonly allowMethods?: readonly string[] | undefined;
  readonly allowHeaders?: readonly string[] | undefined;
  readonly exposeHeaders?: readonly string[] | undefined;
  readonly allowCredentials?: boolean | undefined;
  /** How long a browser may keep the answer to a preflight; 0 to 86,400, for an HTTP API also -1 (not at all). */
  readonly maxAgeSeconds?: number | undefined;
}

const LONGEST_AGE_SECONDS = 86_400;

/**
 * Throws when AWS would not take a configuration: what works here must not fail at the first deployment.
 *
 * @param where names the front, for the message
 * @param kind an HTTP API takes no credentials from every origin; a function URL does
 * @param cors the configuration
 */
export function refuseCorsFaults(where: string, kind: 'httpApi' | 'functionUrl', cors: CorsConfig): void {
  const { allowOrigins, allowCredentials, maxAgeSeconds } = cors;
  if (kind === 'httpApi' && allowCredentials && allowOrigins.includes('*'))
    refuseOption(where, 'cors.allowCredentials needs origins by name, not "*"');
  const least = kind === 'httpApi' ? -1 : 0;
  refuseOutOfRange(where, 'cors.maxAgeSeconds', maxAgeSeconds, least, LONGEST_AGE_SECONDS);
}

/**
 * Makes the headers that a configured front adds to the answer of an ordinary request. Nothing for a request without
 * an origin, or from one that is not allowed: then the browser refuses.
 *
 * @param cors the configuration
 * @param request the request's headers
 */
export function toCorsHeaders(cors: CorsConfig, request: IncomingHttpHeaders): Record<string, string> {
  const origin = toAllowedOrigin(cors, request.origin);
  if (origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    ...(origin === '*' ? {} : { vary: 'Origin' }),
    ...(cors.allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...(cors.exposeHeaders?.length ? { 'access-control-expose-headers': cors.exposeHeaders.join(',') } : {}),
  };
}

/**
 * Makes the headers of the answer to a preflight, which the front gives itself, without any function.
 *
 * @param cors the configuration
 * @param request the preflight's headers
 */
export function toPreflightHeaders(cors: CorsConfig, request: IncomingHttpHeaders): Record<string, string> {
  const origin = toAllowedOrigin(cors, request.origin);
  if (origin === undefined) return {};
  const wantedMethod = request['access-control-request-method'];
  const wantedHeaders = request['access-control-request-headers'] ?? '';
  const methods = cors.allowMethods ?? [];
  const allHeaders = cors.allowHeaders?.includes('*') ? wantedHeaders : (cors.allowHeaders ?? []).join(',');
  const allMethods = methods.includes('*') ? wantedMethod : methods.join(',');
  return {
    'access-control-allow-origin': origin,
    ...(origin === '*' ? {} : { vary: 'Origin' }),
    ...(allMethods ? { 'access-control-allow-methods': allMethods } : {}),
    ...(allHeaders ? { 'access-control-allow-headers': allHeaders } : {}),
    ...(cors.allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...(cors.maxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(cors.maxAgeSeconds) }),
  };
}

/**
 * Tells a preflight from an ordinary OPTIONS request.
 *
 * @param method the request's method
 * @param request its headers
 */
export function isPreflight(method: string | undefined, request: IncomingHttpHeaders): boolean {
  return (
    method === 'OPTIONS' &&
    request.origin !== undefined &&
    request['access-control-request-method'] !== undefined
  );
}

function toAllowedOrigin(cors: CorsConfig, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  // A browser takes no wildcard together with credentials.
  if (cors.allowOrigins.includes('*')) return cors.allowCredentials ? origin : '*';
  return cors.allowOrigins.some((allowed) => matches(allowed, origin)) ? origin : undefined;
}

/** `https://*` and `http://*` allow every origin of that scheme. */
function matches(allowed: string, origin: string): boolean {
  if (allowed.endsWith('://*')) return origin.startsWith(allowed.slice(0, -1));
  return allowed.toLowerCase() === origin.toLowerCase();
}
