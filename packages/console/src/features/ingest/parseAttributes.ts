import { MAX_ATTRIBUTES, MAX_KEY_CHARS, MAX_VALUE_CHARS, MAX_VALUE_DEPTH } from './limits.ts';

/** Counts what was shortened, so that the sender can be told. */
export interface Losses {
  cutValues: number;
  droppedItems: number;
}

/** Thrown inside this folder only: a part of the document has a shape that it cannot have. */
export class MalformedError extends Error {}

/** Below this many attributes comparing keys one by one is cheaper than a set. */
const FEW_KEYS = 32;

/**
 * Reads a list of OTLP `KeyValue`s into key, value, key, value …; of equal keys the last one counts.
 *
 * @param list untrusted; nothing counts as an empty list
 * @throws MalformedError
 */
export function parseAttributes(list: unknown, losses: Losses): string[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new MalformedError('attributes must be an array');
  const flat: string[] = [];
  const count = Math.min(list.length, MAX_ATTRIBUTES);
  losses.droppedItems += list.length - count;
  for (let i = 0; i < count; i++) {
    const item: unknown = list[i];
    if (typeof item !== 'object' || item === null) throw new MalformedError('an attribute must be an object');
    const { key, value } = item as { key?: unknown; value?: unknown };
    if (typeof key !== 'string') throw new MalformedError('the key of an attribute must be a string');
    flat.push(cut(key, MAX_KEY_CHARS, losses), toAttributeText(value, losses));
  }
  return hasDuplicateKeys(flat) ? withoutDuplicateKeys(flat) : flat;
}

/** The text that is stored for an OTLP `AnyValue`: as the OpenTelemetry Collector's exporter writes it. */
function toAttributeText(value: unknown, losses: Losses): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') throw new MalformedError('the value of an attribute must be an object');
  const { stringValue } = value as { stringValue?: unknown };
  if (typeof stringValue === 'string') return cut(stringValue, MAX_VALUE_CHARS, losses);
  const plain = toPlainValue(value, MAX_VALUE_DEPTH);
  if (plain === null) return '';
  return cut(typeof plain === 'object' ? JSON.stringify(plain) : String(plain), MAX_VALUE_CHARS, losses);
}

type PlainValue = string | number | boolean | null | PlainValue[] | { [key: string]: PlainValue };

function toPlainValue(value: unknown, depthLeft: number): PlainValue {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value))
    throw new MalformedError('a value must be an object');
  if (depthLeft === 0) throw new MalformedError(`values are nested deeper than ${MAX_VALUE_DEPTH}`);
  const any = value as Record<string, unknown>;
  if (typeof any['stringValue'] === 'string') return any['stringValue'];
  if (typeof any['boolValue'] === 'boolean') return any['boolValue'];
  if (any['intValue'] != null) return toInteger(any['intValue']);
  if (any['doubleValue'] != null) return toDouble(any['doubleValue']);
  if (typeof any['bytesValue'] === 'string') return any['bytesValue'];
  if (any['arrayValue'] != null) {
    return listOf(any['arrayValue']).map((item) => toPlainValue(item, depthLeft - 1));
  }
  if (any['kvlistValue'] != null) {
    // No prototype, so that a key of "__proto__" is a key like others.
    const map = Object.create(null) as { [key: string]: PlainValue };
    for (const item of listOf(any['kvlistValue'])) {
      const { key, value: inner } = (item ?? {}) as { key?: unknown; value?: unknown };
      if (typeof key !== 'string') throw new MalformedError('the key of a map must be a string');
      map[key] = toPlainValue(inner, depthLeft - 1);
    }
    return map;
  }
  if (['stringValue', 'boolValue', 'bytesValue'].some((name) => any[name] != null)) {
    throw new MalformedError('a value does not have the type that its name tells');
  }
  // A kind of value that is not known yet, or none.
  return null;
}

function listOf(holder: unknown): unknown[] {
  if (typeof holder !== 'object' || holder === null) throw new MalformedError('a list must be an object');
  const { values } = holder as { values?: unknown };
  if (values === undefined || values === null) return [];
  if (!Array.isArray(values)) throw new MalformedError('values must be an array');
  return values;
}

/** 64-bit integers come as decimal strings, from some senders as numbers; large ones keep every digit as text. */
function toInteger(value: unknown): number | string {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  throw new MalformedError('an intValue must be an integer');
}

/** JSON has no NaN and no infinities; protobuf's JSON mapping writes their names. */
function toDouble(value: unknown): number | string {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value;
  throw new MalformedError('a doubleValue must be a number');
}

/** Cuts a text that is too long, and counts that. */
export function cut(text: string, maxChars: number, losses: Losses): string {
  if (text.length <= maxChars) return text;
  losses.cutValues++;
  return text.slice(0, maxChars);
}

function hasDuplicateKeys(flat: readonly string[]): boolean {
  if (flat.length > FEW_KEYS * 2) {
    const keys = new Set<string>();
    for (let i = 0; i < flat.length; i += 2) keys.add(flat[i]!);
    return keys.size * 2 !== flat.length;
  }
  for (let i = 2; i < flat.length; i += 2) {
    const key = flat[i];
    for (let j = 0; j < i; j += 2) if (flat[j] === key) return true;
  }
  return false;
}

function withoutDuplicateKeys(flat: readonly string[]): string[] {
  const last = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) last.set(flat[i]!, flat[i + 1]!);
  return [...last].flat();
}
