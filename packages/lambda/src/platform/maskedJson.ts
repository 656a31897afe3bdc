import { maskSecrets } from './maskSecrets.ts';

/** Names whose values are nobody's business, whatever they look like. */
const SECRET_NAME =
  /passw|secret|token|credential|signature|authori[sz]ation|cookie|api[-_]?key|access[-_]?key|private[-_]?key|session|^(?:auth|pin|cvv|cvc|ssn|card[-_]?number|iban)$/i;
const MAX_DEPTH = 8;
/** Stands for a secret. */
const MASK = '"*"';

/**
 * Writes a payload as JSON for people: secrets masked, by their names and by what they look like, and cut where it is long.
 * However large the payload is, no more of it is read than is written, but for the names in an object: JavaScript knows no
 * way to list some of them.
 *
 * @param payload anything; what throws when it is read makes this throw
 * @param maxLength characters; a cut is marked with `…`
 */
export function toMaskedJson(payload: unknown, maxLength: number): string {
  let text = '';
  const isFull = (): boolean => text.length >= maxLength;
  const writeText = (value: string): void => {
    text += JSON.stringify(maskSecrets(value.slice(0, maxLength - text.length + 1)));
  };
  const writeAll = (items: Iterable<() => void>): void => {
    let separator = '';
    for (const write of items) {
      if (isFull()) return;
      text += separator;
      separator = ',';
      write();
    }
  };
  const write = (value: unknown, depth: number): void => {
    if (typeof value === 'string') return writeText(value);
    if (typeof value === 'bigint') return writeText(String(value));
    if (typeof value !== 'object' || value === null) {
      text += JSON.stringify(value) ?? 'null';
      return;
    }
    if (depth > MAX_DEPTH) {
      text += '"…"';
      return;
    }
    if (Array.isArray(value)) {
      text += '[';
      writeAll(items(value, (item) => () => write(item, depth + 1)));
      text += ']';
      return;
    }
    if (value instanceof Date) return write(value.toJSON(), depth);
    text += '{';
    writeAll(
      items(Object.keys(value), (name) => () => {
        const member = (value as Record<string, unknown>)[name];
        writeText(name);
        text += ':';
        if (SECRET_NAME.test(name) && member !== null && member !== undefined) text += MASK;
        else write(member, depth + 1);
      }),
    );
    text += '}';
  };
  write(payload, 0);
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

/** One after the other, so that no more are made than are written. */
function* items<T>(list: readonly T[], to: (item: T) => () => void): Generator<() => void> {
  for (const item of list) yield to(item);
}
