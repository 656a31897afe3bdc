import { isObject, parseJson } from '../../platform/json.ts';

/** A line that a function or the platform wrote. */
export interface LogLine {
  readonly environmentId: string;
  readonly source: 'stdout' | 'stderr' | 'platform';
  readonly line: string;
}

/** Keeps the lines of those invocations whose callers want to see their end. */
export interface LogTail {
  onLine(line: LogLine): void;
  /**
   * Begins to keep the lines of an invocation that has not begun yet.
   *
   * @param requestId the invocation
   * @returns resolves with them when the invocation has been reported, or when `end` is called
   */
  follow(requestId: string): { readonly lines: Promise<string>; end(): void };
}

interface Followed {
  /** The last of its lines, each with its end. */
  text: string;
  environmentId: string | undefined;
  readonly whenReported: () => void;
}

/** "The last 4 KB of the execution log". */
export const MAX_LOG_BYTES = 4096;

/** Makes it. An environment's lines belong to the invocation that it has started last. */
export function createLogTail(): LogTail {
  const followed = new Map<string, Followed>();
  return {
    onLine: (logLine) => {
      if (followed.size === 0) return;
      const { environmentId, line } = logLine;
      const mark = toMark(logLine);
      const marked = followed.get(mark?.requestId ?? '');
      if (marked && mark?.kind === 'start') marked.environmentId = environmentId;
      for (const entry of followed.values())
        // A character has at least one byte.
        if (entry.environmentId === environmentId)
          entry.text = `${entry.text}${line}\n`.slice(-MAX_LOG_BYTES);
      if (mark?.kind === 'report') marked?.whenReported();
    },
    follow: (requestId) => {
      let whenReported = (): void => undefined;
      const reported = new Promise<void>((resolve) => {
        whenReported = resolve;
      });
      const entry: Followed = { text: '', environmentId: undefined, whenReported };
      followed.set(requestId, entry);
      const lines = reported.then(() => {
        followed.delete(requestId);
        return entry.text;
      });
      return { lines, end: whenReported };
    },
  };
}

/** What the platform itself writes when an invocation begins and ends, in text or in JSON. */
function toMark({ source, line }: LogLine): { kind: string; requestId: string } | undefined {
  if (source !== 'platform') return undefined;
  const [, word, requestId] = /^(START|REPORT) RequestId: (\S+)/.exec(line) ?? [];
  if (word !== undefined) return { kind: word.toLowerCase(), requestId: requestId! };
  const event = line.startsWith('{') ? parseJson(line) : undefined;
  if (!isObject(event) || !isObject(event['record'])) return undefined;
  return {
    kind: String(event['type']).replace('platform.', ''),
    requestId: String(event['record']['requestId']),
  };
}
