/** A line that a function or the platform wrote. */
export interface LogLine {
  readonly environmentId: string;
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
  readonly lines: string[];
  environmentId: string | undefined;
  readonly whenReported: () => void;
}

const START = /^START RequestId: (\S+)/;
const REPORT = /^REPORT RequestId: (\S+)/;

/** Makes it. An environment's lines belong to the invocation that it has started last. */
export function createLogTail(): LogTail {
  const followed = new Map<string, Followed>();
  return {
    onLine: ({ environmentId, line }) => {
      if (followed.size === 0) return;
      const started = followed.get(START.exec(line)?.[1] ?? '');
      if (started) started.environmentId = environmentId;
      for (const entry of followed.values())
        if (entry.environmentId === environmentId) entry.lines.push(line);
      followed.get(REPORT.exec(line)?.[1] ?? '')?.whenReported();
    },
    follow: (requestId) => {
      let whenReported = (): void => undefined;
      const reported = new Promise<void>((resolve) => {
        whenReported = resolve;
      });
      const entry: Followed = { lines: [], environmentId: undefined, whenReported };
      followed.set(requestId, entry);
      const lines = reported.then(() => {
        followed.delete(requestId);
        return entry.lines.map((line) => `${line}\n`).join('');
      });
      return { lines, end: whenReported };
    },
  };
}
