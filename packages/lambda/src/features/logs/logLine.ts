import { FAAS_INVOCATION_ID, LOG_IOSTREAM } from '@clickspan/shared/attributes';
import type { LogRecord } from '@clickspan/shared/otlp';
import type { Scope } from '@clickspan/shared/tracer';
import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { StreamName } from '../../platform/output.ts';
import type { ErrorSnapshot } from './errorSnapshot.ts';
import { toSeverity } from './severity.ts';

/** Something that the function has written, as it was when it was written. */
export interface LogLine {
  readonly unixMs: number;
  readonly text: string;
  /** By the method of `console`; not known of what was written otherwise. */
  readonly severity: number | undefined;
  /** Where it was written, if not by `console`. */
  readonly stream: StreamName | undefined;
  readonly error: ErrorSnapshot | undefined;
  readonly spanContext: SpanContext | undefined;
  readonly requestId: string | undefined;
}

/** How what is told becomes fit to be sent. */
export interface LogMasking {
  readonly maskText: (text: string) => string;
  /** The same for all texts of something, and for values that are secret for what they are called. */
  readonly maskFields: (fields: object) => Record<string, unknown>;
  readonly toMaskedException: (exception: unknown) => Attributes;
  /** Writes plain data as JSON. */
  readonly toJson: (value: unknown) => string;
}

const MAX_ATTRIBUTES = 32;
const MAX_ATTRIBUTE_LENGTH = 1024;
/** A logger that holds lines back tells when each was; other times are those of something else. */
const MIN_HELD_MS = 5;
const MAX_HELD_MS = 900_000;

/** What the runtime client puts before a text: time, request id and level. */
const TEXT_PREFIX = /^\d{4}-[\dT:.-]+Z\t[^\t\n]{0,64}\t[A-Z]{1,8}\t/;

/** How the object begins in which it puts what is logged in the JSON format. */
const JSON_PREFIX = /^\{"timestamp":"[\dT:.-]+Z","level":"[A-Z]{4,5}"/;

/** The level in a line of JSON that was cut. */
const LEVEL = /"(?:level|severity)":\s*"?(\w{1,16})/;

/** Names under which loggers keep what a record has fields of its own for, the most usual first. */
const LEVEL_NAMES: readonly string[] = ['level', 'severity'];
const MESSAGE_NAMES: readonly string[] = ['message', 'msg'];
const TIME_NAMES: readonly string[] = ['timestamp', 'time'];
const ERROR_NAMES: readonly string[] = ['error', 'err'];

type Fields = Record<string, unknown>;

/**
 * What a line says, as a log record: plain texts, and the JSON that loggers write.
 *
 * @returns nothing for empty lines, and for metrics in CloudWatch's embedded format, which are no log
 */
export function toLogRecord(line: LogLine, scope: Scope, masking: LogMasking): LogRecord | undefined {
  const { message, fields } = parse(line);
  if (fields ? '_aws' in fields : !message.trim()) return undefined;
  const rest = fields && masking.maskFields(fields);
  const toText = (value: unknown): string | undefined =>
    typeof value === 'string' ? value : value === null ? undefined : masking.toJson(value);
  const take = <T>(names: readonly string[], read: (value: unknown) => T | undefined): T | undefined => {
    for (const name of rest ? names : []) {
      const value = Object.hasOwn(rest!, name) ? read(rest![name]) : undefined;
      if (value === undefined) continue;
      delete rest![name];
      return value;
    }
    return undefined;
  };
  const all = rest && masking.toJson(rest);
  const told = take(LEVEL_NAMES, toSeverity) ?? (fields ? undefined : readLevel(message));
  const text = take(MESSAGE_NAMES, toText) ?? all;
  const unixMs = take(TIME_NAMES, (value) => toHeldTime(value, line.unixMs)) ?? line.unixMs;
  const exception = line.error ?? take(ERROR_NAMES, toError);
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(rest ?? {}).slice(0, MAX_ATTRIBUTES))
    attributes[name] =
      typeof value === 'number' || typeof value === 'boolean'
        ? value
        : toText(value)?.slice(0, MAX_ATTRIBUTE_LENGTH);
  if (exception) Object.assign(attributes, masking.toMaskedException(exception));
  if (line.requestId) attributes[FAAS_INVOCATION_ID] = line.requestId;
  if (line.stream) attributes[LOG_IOSTREAM] = line.stream;
  return {
    unixMs,
    severity: told ?? line.severity,
    // A stack is an attribute already.
    body: text ?? masking.maskText(exception ? message.replace(/\n {1,12}at [^\n]*/g, '') : message),
    attributes,
    spanContext: line.spanContext,
    scope,
  };
}

/** The text without what the runtime client puts around it, and its fields where it is JSON. */
function parse({ text, severity }: LogLine): { message: string; fields: Fields | undefined } {
  const line = text.trimEnd();
  if (severity === undefined) return { message: line, fields: parseObject(line) };
  const prefix = TEXT_PREFIX.exec(line)?.[0];
  if (prefix !== undefined) {
    // Where lines go to a stream, the runtime client writes their ends as carriage returns.
    const message = line.slice(prefix.length).replace(/\r\n?/g, '\n');
    return { message, fields: parseObject(message) };
  }
  const fields = parseObject(line);
  if (!fields || !JSON_PREFIX.test(line)) return { message: line, fields };
  const { message } = fields;
  if (typeof message === 'string') return { message, fields: parseObject(message) };
  if (typeof message !== 'object' || message === null) return { message: String(message), fields: undefined };
  const inner = message as Fields;
  if ('errorMessage' in inner && 'stackTrace' in inner)
    return { message: `${String(inner['errorType'])}: ${String(inner['errorMessage'])}`, fields: undefined };
  return { message: '', fields: Array.isArray(message) ? { message } : inner };
}

function parseObject(text: string): Fields | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
}

/** The level that a text tells which is JSON by its beginning only. */
function readLevel(message: string): number | undefined {
  const level = message.startsWith('{') ? LEVEL.exec(message)?.[1] : undefined;
  return toSeverity(Number(level) || level);
}

/** An error as loggers write it. */
function toError(value: unknown): object | undefined {
  const { name, type, message, stack, cause } = Object(value) as Fields;
  if (typeof message !== 'string' || typeof stack !== 'string') return undefined;
  return { name: type ?? name, message, stack, cause: toError(cause) };
}

/** When a line was held back, its own time; else when it was written, which is more exact. */
function toHeldTime(value: unknown, writtenUnixMs: number): number | undefined {
  const unixMs = typeof value === 'number' ? value : Date.parse(String(value));
  const heldMs = writtenUnixMs - unixMs;
  return isNaN(unixMs) ? undefined : heldMs > MIN_HELD_MS && heldMs < MAX_HELD_MS ? unixMs : writtenUnixMs;
}
