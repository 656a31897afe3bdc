import {
  CLICKSPAN_INIT_MS,
  CLICKSPAN_INIT_TYPE,
  CLICKSPAN_SPAN_TYPE,
  FAAS_COLDSTART,
  FAAS_INVOCATION_ID,
  FAAS_TRIGGER,
} from '@clickspan/shared/attributes';
import { toJson } from '@clickspan/shared/json';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Link, SpanContext } from '@opentelemetry/api';
import type { Unsent } from '../../model/signalExporter.ts';
import type { MarkerFile } from '../../platform/markerFile.ts';
import type { Unfinished } from './unfinished.ts';

/** What is known of an invocation when it begins. */
export type StartedInvocation = Omit<Unfinished, 'seenUnixMs' | 'seenBytes' | 'deadlineUnixMs'>;

/** Keeps, in a file, what the next process in this environment must tell if this one dies. */
export interface CrashRecord {
  /** A process was here before: the environment starts again, after a timeout or a crash. */
  readonly restarted: boolean;
  /** The invocation in which it died, if it could not say so itself. */
  readonly unfinished: Unfinished | undefined;
  /** What it could not send. */
  readonly unsent: Unsent;
  /** An invocation begins. Its caller waits meanwhile: some microseconds. */
  begin(started: StartedInvocation, deadlineUnixMs: number): void;
  /** The process is at work; told every now and then. */
  readonly seen: () => void;
  /** The handler has settled. */
  settle(): void;
  /** The invocation has ended. */
  end(): void;
  /** The process is about to end: this is to be sent by the next one. */
  leave(unsent: Unsent): void;
}

/** What it needs. */
export interface CrashRecordEnvironment {
  readonly file: MarkerFile;
  readonly now: () => number;
  readonly memoryBytes: () => number;
  /** Runs something in the next turn of the event loop. */
  readonly later: (run: () => void) => void;
}

/** After an invocation that took less, the next one is not kept waiting: it is written down if it takes more than a turn. */
const QUICK_MS = 2;

/** The file holds a megabyte, in which all signals have a share; the latest tells most. */
const MAX_LEFT_CHARACTERS = 250_000;

interface Found {
  readonly unfinished?: Unfinished;
  readonly unsent?: Unsent;
}

/** Makes the record; where the file cannot be written, nothing is kept. */
export function createCrashRecord(environment: CrashRecordEnvironment): CrashRecord {
  const { file, now, memoryBytes, later } = environment;
  let current: StartedInvocation | undefined;
  let deadlineUnixMs = NaN;
  let pending: StartedInvocation | undefined;
  let isQuick = false;
  let isWritten = false;
  const { unfinished, unsent = {} } = parseFound(file.found);
  return {
    restarted: file.found !== undefined,
    unfinished,
    unsent,
    begin(started, deadline) {
      current = started;
      deadlineUnixMs = deadline;
      const write = (): void => {
        isWritten = true;
        file.write(toBriefLine(started, deadline, started.startUnixMs, 0));
      };
      if (!isQuick) return write();
      pending = started;
      later(() => {
        if (pending === started) write();
      });
    },
    seen() {
      if (!current) return;
      const [seenUnixMs, seenBytes] = [now(), memoryBytes()];
      isWritten = true;
      const whole: Unfinished = { ...current, deadlineUnixMs, seenUnixMs, seenBytes };
      // Large attributes can be done without.
      if (!file.write(toJson({ unfinished: whole })))
        file.write(toBriefLine(current, deadlineUnixMs, seenUnixMs, seenBytes));
    },
    settle() {
      pending = undefined;
    },
    end() {
      isQuick = current !== undefined && now() - current.startUnixMs < QUICK_MS;
      current = undefined;
      if (isWritten) file.clear();
      isWritten = false;
    },
    leave(records) {
      current = pending = undefined;
      const signals = Object.entries(records).filter(([, list]) => list.length > 0);
      const latest = signals.map(([name, list]) => [
        name,
        toLatest(list, MAX_LEFT_CHARACTERS / signals.length),
      ]);
      if (latest.length === 0) file.clear();
      else file.writeLong(toJson({ unsent: Object.fromEntries(latest) as Unsent }));
    },
  };
}

/** The last ones that fit. */
function toLatest(records: readonly EncodedRecord[], maxCharacters: number): readonly EncodedRecord[] {
  let from = records.length;
  for (let left = maxCharacters; from > 0; from--) {
    left -= records[from - 1]!.json.length;
    if (left < 0) break;
  }
  return records.slice(from);
}

/**
 * The most important of an invocation, as JSON; the rest is written when it has been under way for a while. By hand, since
 * a caller waits for it: each object that is walked costs as much as the rest.
 */
function toBriefLine(
  { name, kind, startUnixMs, context, parentSpanId, attributes, recorded }: StartedInvocation,
  deadlineUnixMs: number,
  seenUnixMs: number,
  seenBytes: number,
): string {
  const { traceId, spanId, traceFlags } = context;
  const deadline = Number.isFinite(deadlineUnixMs) ? deadlineUnixMs : null;
  const [id, trigger] = [attributes[FAAS_INVOCATION_ID], attributes[FAAS_TRIGGER]].map(toJsonText);
  const { [CLICKSPAN_INIT_MS]: initMs, [CLICKSPAN_INIT_TYPE]: initType } = attributes;
  const init =
    typeof initMs === 'number'
      ? `,"${CLICKSPAN_INIT_MS}":${initMs},"${CLICKSPAN_INIT_TYPE}":${toJsonText(initType)}`
      : '';
  return (
    `{"unfinished":{"name":${toJsonText(name)},"kind":${kind},"startUnixMs":${startUnixMs},"deadlineUnixMs":${deadline},` +
    `"context":{"traceId":"${traceId}","spanId":"${spanId}","traceFlags":${traceFlags}},"parentSpanId":"${parentSpanId}",` +
    `"attributes":{"${CLICKSPAN_SPAN_TYPE}":"invocation","${FAAS_COLDSTART}":${attributes[FAAS_COLDSTART] === true},` +
    `"${FAAS_INVOCATION_ID}":${id},"${FAAS_TRIGGER}":${trigger}${init}},` +
    `"links":[],"recorded":${recorded},"seenUnixMs":${seenUnixMs},"seenBytes":${seenBytes}}}`
  );
}

function toJsonText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : 'null';
}

/** Anything may stand in the file: it was cut off, or somebody else has written it. */
function parseFound(line: string | undefined): Found {
  if (!line) return {};
  try {
    const { unfinished, unsent } = JSON.parse(line) as { unfinished?: Unfinished; unsent?: object };
    if (unsent) return { unsent: toUnsent(unsent) };
    if (!unfinished || typeof unfinished.name !== 'string' || !(unfinished.startUnixMs > 0)) return {};
    return {
      unfinished: {
        ...unfinished,
        deadlineUnixMs: unfinished.deadlineUnixMs ?? NaN,
        context: toContext(unfinished.context),
        links: unfinished.links.map(({ context, attributes }): Link => ({
          context: toContext(context),
          ...(attributes && { attributes }),
        })),
      },
    };
  } catch {
    return {};
  }
}

/** Its `tracestate` is an object with methods, which JSON does not keep. */
function toContext({ traceId, spanId, traceFlags }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags };
}

function toUnsent(found: object): Unsent {
  return Object.fromEntries(
    Object.entries(found as Record<string, unknown>).map(([name, records]) => [
      name,
      Array.isArray(records) ? records.filter(isRecord) : [],
    ]),
  );
}

function isRecord(record: EncodedRecord | null): boolean {
  return typeof record?.json === 'string' && typeof record.scope === 'object';
}
