import type { Readable } from 'node:stream';

/** One line that a function or the platform wrote. */
export interface LogEvent {
  readonly functionName: string;
  readonly environmentId: string;
  /** `platform` for START, END, REPORT and what the platform reports of failures. */
  readonly source: 'stdout' | 'stderr' | 'platform';
  readonly line: string;
  /** The name of the external extension that wrote it. */
  readonly extension?: string;
  readonly atUnixMs: number;
}

/** CloudWatch's limit of one event; a longer line is cut into several. */
const MAX_LINE_CHARACTERS = 262_144;

/**
 * Splits a stream into lines. The stream is always drained, so that a function never blocks on its own output.
 *
 * @param stream stdout or stderr of a process
 * @param onLine gets each line without its end; the last one also when it has none
 */
export function observeLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    while (rest.length > MAX_LINE_CHARACTERS) {
      onLine(rest.slice(0, MAX_LINE_CHARACTERS));
      rest = rest.slice(MAX_LINE_CHARACTERS);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
  stream.on('error', () => undefined);
}
