/** What a function returns to an HTTP API or a Function URL, as far as it is read here. */
type Fields = Readonly<Record<string, unknown>>;

/** Lambda refuses responses over 6 MB, in which a character takes up to six bytes: a larger body leaves no room. */
const MAX_BODY_CHARACTERS = 1_000_000;
/** Completing a result writes it once more, while the caller waits: only small ones are worth it. */
const MAX_REWRITTEN_CHARACTERS = 32_768;
/** By these a result without a status still looks like a response; what the gateway makes of it is its own affair. */
const RESPONSE_FIELDS: readonly string[] = ['statusCode', 'headers', 'body', 'cookies', 'isBase64Encoded'];
/** Function URLs take no more headers. */
const MAX_HEADERS = 95;
const EXPOSED = 'Server-Timing';

/**
 * The status that the caller gets for a function's result.
 *
 * @param result what the handler returned
 * @returns 200 for a result without a status code, as the payload format 2.0 has it; `undefined` for what is no status
 */
export function toHttpStatus(result: unknown): number | undefined {
  if (!isPlainObject(result) || result['statusCode'] === undefined) return 200;
  const status = Number(result['statusCode']);
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined;
}

/**
 * Adds a `Server-Timing` value to a function's HTTP result, in a copy; the function may use its object again.
 *
 * A result without a status code is completed exactly as API Gateway and Function URLs do it. Whatever is unusual stays
 * as it is: the caller must get the same bytes in the body as without the agent.
 *
 * @param result what the handler returned
 * @param value the header's value; not empty
 * @param completes whether a result without a status code may be completed
 * @returns the result to hand on
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function addServerTiming(result: unknown, value: string, completes = true): unknown {
  if (!isPlainObject(result) || typeof result['toJSON'] === 'function') return result;
  if (Object.hasOwn(result, 'statusCode')) return addHeaders(result, value);
  if (!completes || RESPONSE_FIELDS.some((name) => name in result)) return result;
  return complete(result, value);
}

function complete(result: Fields, value: string): unknown {
  const body = toShortJson(result);
  // What is written as a text or a number is told to the caller in another way.
  if (!body?.startsWith('{') || body.length > MAX_REWRITTEN_CHARACTERS) return result;
  return { statusCode: 200, headers: { 'content-type': 'application/json', 'server-timing': value }, body };
}

/** The object's JSON; `undefined` where it is long, or cannot be written, which is for the runtime client to tell. */
function toShortJson(value: object): string | undefined {
  let left = MAX_REWRITTEN_CHARACTERS;
  try {
    return JSON.stringify(value, (key, field: unknown) => {
      left -= key.length + (typeof field === 'string' ? field.length : 1);
      // The caller is waiting: megabytes are not written in vain.
      if (left < 0) throw new RangeError('long');
      return field;
    });
  } catch {
    return undefined;
  }
}

function addHeaders(result: Fields, value: string): unknown {
  // A copy at once: fields may be computed, and are read no more often than the runtime client would.
  const fields = { ...result };
  const { statusCode: status, body } = fields;
  if (typeof status !== 'number' && typeof status !== 'string') return result;
  if (typeof body === 'string' && body.length > MAX_BODY_CHARACTERS) return result;
  const known = fields['headers'] ?? {};
  if (!isPlainObject(known) || typeof known['toJSON'] === 'function') return result;
  const headers: Record<string, unknown> = { ...known };
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) return result;
  const find = (name: string): string => names.find((present) => present.toLowerCase() === name) ?? name;
  const append = (name: string, item: string): void => {
    const present = find(name);
    const before = headers[present];
    if (before === undefined || before === '') headers[present] = item;
    else if (typeof before === 'string') headers[present] = `${before}, ${item}`;
  };
  append('server-timing', value);
  const read = (name: string): string | undefined => {
    const text = headers[find(name)];
    return typeof text === 'string' ? text : undefined;
  };
  const allowedOrigin = read('access-control-allow-origin');
  if (allowedOrigin) {
    const withCredentials = read('access-control-allow-credentials') === 'true';
    if (!lists(read('access-control-expose-headers'), EXPOSED, !withCredentials))
      append('access-control-expose-headers', EXPOSED);
    if (!lists(read('timing-allow-origin'), allowedOrigin, true))
      append('timing-allow-origin', allowedOrigin);
  }
  return { ...fields, headers };
}

/** Whether a header's list has an item, or a `*` that stands for all. */
function lists(header: string | undefined, item: string, star: boolean): boolean {
  const items = (header ?? '').split(',').map((text) => text.trim().toLowerCase());
  return items.includes(item.toLowerCase()) || (star && items.includes('*'));
}

function isPlainObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
