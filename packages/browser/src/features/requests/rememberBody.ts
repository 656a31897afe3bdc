/** Texts up to here are kept as they are. */
const MAX_KEPT_LENGTH = 100;
/** So many characters of a longer one are looked at, all over it: reading an upload takes time. */
const MAX_READ_LENGTH = 65_536;

/**
 * Remembers what a request has sent, so that it is known when it comes again, without keeping it alive.
 *
 * @param body of any kind; an object is the same only as itself
 * @returns tells whether something is the same
 */
export function rememberBody(body: unknown): (other: unknown) => boolean {
  if (!isObject(body)) {
    const mark = toMark(body);
    return (other) => toMark(other) === mark;
  }
  const reference = new WeakRef(body);
  return (other) => isObject(other) && reference.deref() === other;
}

function isObject(value: unknown): value is object {
  return Object(value) === value;
}

function toMark(body: unknown): unknown {
  if (typeof body !== 'string' || body.length <= MAX_KEPT_LENGTH) return body;
  let hash = 0;
  for (let at = 0; at < body.length; at += Math.ceil(body.length / MAX_READ_LENGTH)) {
    hash = (Math.imul(hash, 31) + body.charCodeAt(at)) | 0;
  }
  return `${body.length} ${hash}`;
}
