import { isObject, parseJson } from '../../platform/json.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';

/** "The maximum size of the response JSON that the Lambda function can send is 1 MB." */
const MAX_RESPONSE_BYTES = 1024 * 1024;
/** The load balancer frames the answer itself. */
const IGNORED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);
const DEFAULT_TYPE = 'application/octet-stream';

/**
 * Reads what a target returned, by the Application Load Balancers guide, "Use Lambda functions as targets": headers are
 * taken from `multiValueHeaders` when that is enabled, and otherwise from `headers`, never from the other one.
 *
 * @param payload what the runtime sent
 * @param multiValueHeaders whether that is enabled
 * @returns the answer; undefined when it is malformed or too large, which the load balancer answers with 502
 */
export function toLoadBalancerAnswer(payload: Buffer, multiValueHeaders: boolean): HttpReply | undefined {
  const value = parseJson(payload);
  if (payload.length > MAX_RESPONSE_BYTES || !isObject(value)) return undefined;
  const statusCode = Number(value['statusCode'] ?? Number.NaN);
  const headers = multiValueHeaders ? listed(value['multiValueHeaders']) : single(value['headers']);
  const body = value['body'] ?? '';
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return undefined;
  if (!headers || typeof body !== 'string') return undefined;
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    statusCode,
    statusText: toStatusText(value['statusDescription']),
    headers: [
      ...headers.filter(([name]) => !IGNORED.has(name.toLowerCase())),
      ...(typed ? [] : [['content-type', DEFAULT_TYPE] as const]),
    ],
    body: Buffer.from(body, value['isBase64Encoded'] === true ? 'base64' : 'utf8'),
  };
}

/** `200 OK`: code and reason phrase. */
function toStatusText(description: unknown): string | undefined {
  return typeof description === 'string' ? /^\d{3} (.+)$/.exec(description)?.[1] : undefined;
}

type Headers = readonly (readonly [string, string])[];

function single(value: unknown = {}): Headers | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, one]) => isText(one))
    ? entries.map(([name, one]) => [name, String(one)] as const)
    : undefined;
}

function listed(value: unknown = {}): Headers | undefined {
  if (!isObject(value)) return undefined;
  const pairs: (readonly [string, string])[] = [];
  for (const [name, values] of Object.entries(value)) {
    if (!Array.isArray(values) || !values.every(isText)) return undefined;
    for (const one of values as readonly unknown[]) pairs.push([name, String(one)]);
  }
  return pairs;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
