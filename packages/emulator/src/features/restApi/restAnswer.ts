import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';

/** What a proxy integration may return; anything else beside them makes the answer malformed. */
const FIELDS: ReadonlySet<string> = new Set([
  'isBase64Encoded',
  'statusCode',
  'headers',
  'multiValueHeaders',
  'body',
]);
/** The gateway sets these itself; a function's own come out under another name. */
const REMAPPED: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-md5',
  'date',
  'host',
  'server',
  'user-agent',
  'www-authenticate',
]);
/** Would break the framing; the gateway drops them. */
const DROPPED: ReadonlySet<string> = new Set(['keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/**
 * Reads what a function returned to a REST API, by the API Gateway developer guide, "Output format of a Lambda function
 * for proxy integration".
 *
 * @param payload what the runtime sent
 * @param decodes whether a body that says it is base64 is decoded
 * @returns the answer; undefined when it is malformed, which the gateway answers with 502
 */
export function toRestAnswer(payload: Buffer, decodes: boolean): HttpReply | undefined {
  const value = parseJson(payload);
  if (!isObject(value) || Object.keys(value).some((name) => !FIELDS.has(name))) return undefined;
  const statusCode = toStatusCode(value['statusCode']);
  const headers = toHeaders(value);
  const body = toBody(value, decodes);
  return statusCode === undefined || !headers || !body ? undefined : { statusCode, headers, body };
}

function toStatusCode(value: unknown): number | undefined {
  const statusCode = Number(value ?? 200);
  // Below 200 an answer is only a first word, and the caller would wait for the last one.
  return Number.isInteger(statusCode) && statusCode >= 200 && statusCode <= 599 ? statusCode : undefined;
}

/** Where a name is in both, the two are merged, and a value that is in both comes once. */
function toHeaders(value: JsonObject): readonly [string, string][] | undefined {
  const single = value['headers'] ?? {};
  const multiple = value['multiValueHeaders'] ?? {};
  if (!isObject(single) || !isObject(multiple)) return undefined;
  const pairs: [string, string][] = [];
  const add = (name: string, one: unknown): boolean => {
    const isText = typeof one === 'string' || typeof one === 'boolean' || typeof one === 'number';
    const text = String(one);
    const lower = name.toLowerCase();
    const known = pairs.some(([other, known]) => other.toLowerCase() === lower && known === text);
    if (isText && !known) pairs.push([name, text]);
    return isText;
  };
  for (const [name, values] of Object.entries(multiple)) {
    if (!Array.isArray(values) || !values.every((one) => add(name, one))) return undefined;
  }
  for (const [name, one] of Object.entries(single)) if (!add(name, one)) return undefined;
  if (!pairs.some(([name]) => name.toLowerCase() === 'content-type'))
    pairs.push(['Content-Type', 'application/json']);
  return pairs
    .filter(([name]) => !DROPPED.has(name.toLowerCase()))
    .map(([name, one]) => [REMAPPED.has(name.toLowerCase()) ? `x-amzn-remapped-${name}` : name, one]);
}

function toBody(value: JsonObject, decodes: boolean): Buffer | undefined {
  const body = value['body'] ?? '';
  const isBase64 = value['isBase64Encoded'] ?? false;
  if (typeof body !== 'string' || typeof isBase64 !== 'boolean') return undefined;
  return Buffer.from(body, isBase64 && decodes ? 'base64' : 'utf8');
}
