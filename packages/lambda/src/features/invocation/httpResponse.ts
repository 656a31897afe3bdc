import type { HttpAnswer } from '../../model/trigger.ts';
import { appendTiming } from './responseHeaders.ts';

/** What a function returns as a response, as far as it is read here. */
type Fields = Readonly<Record<string, unknown>>;

/** Lambda refuses responses over 6 MB, in which a character takes up to six bytes: a larger body leaves no room. */
const MAX_BODY_CHARACTERS = 1_000_000;
/** A load balancer refuses what is over 1 MB. */
const MAX_ALB_BODY_CHARACTERS = 150_000;
/** Completing a result writes it once more, while the caller waits: only small ones are worth it. */
const MAX_REWRITTEN_CHARACTERS = 32_768;
/** By these a result without a status still looks like a response; what the gateway makes of it is its own affair. */
const RESPONSE_FIELDS: readonly string[] = ['statusCode', 'headers', 'body', 'cookies', 'isBase64Encoded'];
/** A REST API takes no others. */
const V1_FIELDS: ReadonlySet<string> = new Set([
  'statusCode',
  'headers',
  'multiValueHeaders',
  'body',
  'isBase64Encoded',
]);

/** What the caller gets for a result: a status, nothing that can be told, or an error because it is no response. */
export type HttpStatus = number | 'unknown' | 'malformed';

/**
 * The status that the caller gets for a function's result.
 *
 * @param result what the handler returned
 * @param answer what becomes of it. Format 2.0 takes a result without a status code as the body of a 200; a REST API takes
 *   any part of a response for one, and refuses everything else; a load balancer insists on the status
 */
export function toHttpStatus(result: unknown, answer: HttpAnswer): HttpStatus {
  const fields: Fields = isPlainObject(result) ? result : {};
  if (fields['statusCode'] === undefined) {
    if (answer === 'v2') return 200;
    if (!isPlainObject(result) || answer.startsWith('alb')) return 'malformed';
    if (answer === 'webSocket') return 'unknown';
    return Object.keys(fields).every((name) => V1_FIELDS.has(name)) ? 200 : 'malformed';
  }
  const status = Number(fields['statusCode']);
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : 'malformed';
}

/** How a result is completed. */
export interface TimingTarget {
  readonly answer: HttpAnswer;
  /** Whether a result without a status code may be completed. */
  readonly completes: boolean;
}

/**
 * Adds a `Server-Timing` value to a function's HTTP result, in a copy; the function may use its object again.
 *
 * A result without a status code is completed exactly as API Gateway and Function URLs do it. Whatever is unusual stays
 * as it is: the caller must get the same bytes in the body as without the agent.
 *
 * @param result what the handler returned
 * @param value the header's value; not empty
 * @returns the result to hand on
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function addServerTiming(
  result: unknown,
  value: string,
  { answer, completes }: TimingTarget,
): unknown {
  if (!isPlainObject(result) || typeof result['toJSON'] === 'function') return result;
  if (answer === 'webSocket') return result;
  if (Object.hasOwn(result, 'statusCode')) return addHeader(result, value, answer);
  if (answer !== 'v2' || !completes || RESPONSE_FIELDS.some((name) => name in result)) return result;
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

function addHeader(result: Fields, value: string, answer: HttpAnswer): unknown {
  // A copy at once: fields may be computed, and are read no more often than the runtime client would.
  const fields = { ...result };
  const { statusCode: status, body } = fields;
  if (typeof status !== 'number' && typeof status !== 'string') return result;
  const maxCharacters = answer.startsWith('alb') ? MAX_ALB_BODY_CHARACTERS : MAX_BODY_CHARACTERS;
  if (typeof body === 'string' && body.length > maxCharacters) return result;
  return appendTiming(fields, value, answer) ? fields : result;
}

/**
 * Adds a `Server-Timing` value to the head of a streamed response, in a copy.
 *
 * @param head what the function gave to `HttpResponseStream.from`
 * @param value the header's value; not empty
 * @returns the head to write; the same where it is unusual
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
export function addServerTimingToHead(head: unknown, value: string, answer: HttpAnswer): unknown {
  if (!isPlainObject(head) || typeof head['toJSON'] === 'function') return head;
  const fields = { ...head };
  return appendTiming(fields, value, answer) ? fields : head;
}

function isPlainObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
