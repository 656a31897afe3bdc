import { isObject, parseJson } from '../../platform/json.ts';

/** An answer to an HTTP request, as a function described it. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** Names as the function wrote them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further ones, of which a name may come several times. */
  readonly moreHeaders?: readonly (readonly [string, string])[];
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

/** Metadata before a streamed body ends with so many zero bytes. */
const PRELUDE_END = Buffer.alloc(8);
export const INTEGRATION_TYPE = 'application/vnd.awslambda.http-integration-response';

/**
 * Reads what a function returned, by the rules of payload format 2.0: an object with a `statusCode` describes the
 * answer; anything else is the body of a 200, as JSON.
 *
 * @param payload what the runtime sent
 * @param contentType of that; tells apart a stream with a prelude
 * @returns the answer; undefined when the platform could not make one of it either
 */
export function toHttpAnswer(payload: Buffer, contentType: string): HttpAnswer | undefined {
  if (contentType === INTEGRATION_TYPE) return fromStream(payload);
  if (contentType !== 'application/json') return plain(payload, contentType);
  const value = parseJson(payload);
  if (value === undefined) return undefined;
  if (!isObject(value) || !('statusCode' in value)) return inferred(value, payload);
  const body = toBody(value['body'], value['isBase64Encoded'] === true);
  return body && described(value, body);
}

/**
 * Reads what a function returned, by the rules of payload format 1.0: an object of known shape with a `statusCode`, and
 * nothing is inferred. A name in both `headers` and `multiValueHeaders` has the values of both.
 *
 * @param payload what the runtime sent
 * @returns the answer; undefined when it is malformed
 */
export function toHttpAnswer1(payload: Buffer): HttpAnswer | undefined {
  const value = parseJson(payload);
  if (!isObject(value) || !('statusCode' in value)) return undefined;
  const body = toBody(value['body'], value['isBase64Encoded'] === true);
  const multiple = value['multiValueHeaders'] ?? {};
  if (!body || !isObject(multiple)) return undefined;
  const lists = Object.entries(multiple);
  if (!lists.every(([, values]) => Array.isArray(values))) return undefined;
  const all = lists.flatMap(([name, values]) =>
    (values as readonly unknown[]).map((one) => [name, String(one)] as const),
  );
  const single = isObject(value['headers']) ? value['headers'] : {};
  const isRepeated = ([name, one]: readonly [string, string]): boolean =>
    all.some(([other, known]) => other.toLowerCase() === name.toLowerCase() && known === one);
  const own = Object.entries(single).filter(([name, one]) => !isRepeated([name, String(one)]));
  const typed = all.find(([name]) => name.toLowerCase() === 'content-type');
  const answer = described(
    { statusCode: value['statusCode'], headers: Object.fromEntries([...own, ...(typed ? [typed] : [])]) },
    body,
  );
  return answer && { ...answer, moreHeaders: all.filter((one) => one !== typed) };
}

/** A string is the body itself; an object or anything else its JSON. */
function inferred(value: unknown, payload: Buffer): HttpAnswer {
  return plain(typeof value === 'string' ? Buffer.from(value) : payload, 'application/json');
}

function plain(body: Buffer, contentType: string): HttpAnswer {
  return { statusCode: 200, headers: { 'content-type': contentType }, cookies: [], body };
}

/**
 * Reads the head of a streamed answer from its first bytes.
 *
 * @param payload what has come so far
 * @returns the answer with what of its body has come; undefined while the metadata is not whole, or not valid
 */
export function fromStream(payload: Buffer): HttpAnswer | undefined {
  const end = payload.indexOf(PRELUDE_END);
  if (end < 0) return undefined;
  const prelude = parseJson(payload.subarray(0, end));
  return isObject(prelude) ? described(prelude, payload.subarray(end + PRELUDE_END.length)) : undefined;
}

function described(value: Readonly<Record<string, unknown>>, body: Buffer): HttpAnswer | undefined {
  const statusCode = Number(value['statusCode'] ?? 200);
  // Below 200 an answer is only a first word, and the caller would wait for the last one.
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(isObject(value['headers']) ? value['headers'] : {})) {
    if (header !== null && header !== undefined) headers[name] = String(header);
  }
  // Format 2.0 knows no such field for headers; lists of values are from format 1.0 and ignored, as on AWS.
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (!named) headers['content-type'] = 'text/plain;charset=utf-8';
  const cookies = Array.isArray(value['cookies']) ? value['cookies'].map(String) : [];
  return { statusCode, headers, cookies, body };
}

function toBody(body: unknown, isBase64: boolean): Buffer | undefined {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body, isBase64 ? 'base64' : 'utf8');
  return typeof body === 'object' ? undefined : Buffer.from(String(body));
}
