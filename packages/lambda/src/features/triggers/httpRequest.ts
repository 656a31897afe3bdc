import {
  CLIENT_ADDRESS,
  HTTP_ROUTE,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  URL_PATH,
  URL_QUERY,
  URL_SCHEME,
  USER_AGENT_ORIGINAL,
} from '@clickspan/shared/attributes';
import type { Attributes } from '@opentelemetry/api';
import { describeMethod, nameMethod } from '../../platform/httpMethod.ts';
import { redactQuery } from '../../platform/redactQuery.ts';
import { toRecord } from './trigger.ts';
import type { EventRecord } from './trigger.ts';

/** What an event tells of an HTTP request. */
export interface HttpRequest {
  readonly method: string;
  readonly route: string | undefined;
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly scheme: string | undefined;
  /** A port behind it is left out. */
  readonly host: string | undefined;
  readonly client: string | undefined;
  readonly userAgent: string | undefined;
  /** As `HTTP/1.1`. */
  readonly protocol: string | undefined;
}

/** Longer queries are cut: spans hold no more. */
const MAX_QUERY_LENGTH = 4096;

/**
 * Describes a request by the conventions for HTTP servers.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function describeRequest(request: HttpRequest): Attributes {
  return {
    ...describeMethod(request.method),
    [HTTP_ROUTE]: request.route,
    [URL_PATH]: request.path,
    [URL_QUERY]: request.query && redactQuery(request.query.slice(0, MAX_QUERY_LENGTH)),
    [URL_SCHEME]: request.scheme ?? 'https',
    // Patterns are compiled when they are first used, which the first caller waits for.
    [SERVER_ADDRESS]: request.host?.includes(':') ? request.host.replace(/:\d+$/, '') : request.host,
    [CLIENT_ADDRESS]: request.client,
    [USER_AGENT_ORIGINAL]: request.userAgent,
    [NETWORK_PROTOCOL_VERSION]: request.protocol && toProtocolVersion(request.protocol),
  };
}

/** `HTTP/1.1` is `1.1`; versions that have no minor ones are written without. */
function toProtocolVersion(protocol: string): string | undefined {
  if (!protocol.startsWith('HTTP/')) return undefined;
  const version = protocol.slice('HTTP/'.length);
  return version === '2.0' || version === '3.0' ? version.slice(0, 1) : version;
}

/**
 * The name of a request's span. Neither a path nor an unknown method becomes part of it: both could be anything.
 *
 * @param method as the client sent it
 * @param route `undefined` where there is none
 */
export function nameRequest(method: string, route: string | undefined): string {
  const name = nameMethod(method);
  return route ? `${name} ${route}` : name;
}

/**
 * Writes the query of an event that has it in parts.
 *
 * @param event with `multiValueQueryStringParameters`, `queryStringParameters`, or both
 * @param encode what is done to names and values: a REST API has decoded them, a load balancer has not
 */
export function toQuery(event: EventRecord, encode: (text: string) => string): string | undefined {
  const fields = toRecord(event['multiValueQueryStringParameters'] ?? event['queryStringParameters']);
  let query = '';
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof item === 'string') query += `${query && '&'}${encode(name)}=${encode(item)}`;
      if (query.length > MAX_QUERY_LENGTH) return query;
    }
  }
  return query || undefined;
}

/** Encodes a name or value that has been decoded. */
export function encodeQuery(text: string): string {
  // Half a character cannot be encoded, and would throw.
  return encodeURIComponent(text.slice(0, MAX_QUERY_LENGTH).replaceAll(/\p{Surrogate}/gu, '\ufffd'));
}
