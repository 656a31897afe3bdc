import { constants, openSync, readSync, writeSync } from 'node:fs';

/** A small file in which one process leaves word for the one that comes after it in the same place. */
export interface MarkerFile {
  /** What the process before has left; `undefined` where there was none. */
  readonly found: string | undefined;
  /** Puts a line in place of what was there; takes microseconds. One that is too long for that is refused. */
  write(line: string): boolean;
  /** The same with a line of any length, for when time matters no more. */
  writeLong(line: string): void;
  /** Leaves an empty line; the file stays, and tells that a process has been here. */
  clear(): void;
}

/** Room for one line that is written while somebody waits. */
const LINE_BYTES = 8192;
/** More than was ever written here is not read. */
const MAX_FOUND_BYTES = 1_048_576;

/**
 * Opens the file, makes it where it is not there, and reads what is in it. Where the disk is full or cannot be written to,
 * everything here does nothing.
 *
 * @param path absolute; only this user can read the file
 */
export function openMarkerFile(path: string): MarkerFile {
  let file: number | undefined;
  const attempt = <T>(run: (opened: number) => T): T | undefined => {
    if (file === undefined) return undefined;
    try {
      return run(file);
    } catch {
      // Full, or gone: nothing is gained by trying again at every invocation.
      file = undefined;
      return undefined;
    }
  };
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch {
    // Read-only, or no such folder.
  }
  // As a text, which costs less than to fill a buffer first.
  const put = (text: string): void => void attempt((opened) => writeSync(opened, `${text}\n`, 0));
  const found = attempt((opened) => readLine(opened));
  // The whole room at once, so that no invocation waits for the disk to find some.
  attempt((opened) => writeSync(opened, '\n'.repeat(LINE_BYTES), 0));
  return {
    found,
    write(text) {
      // A character takes up to three bytes.
      if (text.length * 3 >= LINE_BYTES && Buffer.byteLength(text) >= LINE_BYTES) return false;
      put(text);
      return true;
    },
    writeLong: put,
    clear: () => put(''),
  };
}

/** The file's first line; `undefined` where it is new. */
function readLine(file: number): string | undefined {
  const chunks: Buffer[] = [];
  for (let bytes = 0; bytes < MAX_FOUND_BYTES;) {
    const chunk = Buffer.alloc(LINE_BYTES);
    const read = readSync(file, chunk, 0, LINE_BYTES, bytes);
    if (read === 0) break;
    bytes += read;
    const end = chunk.subarray(0, read).indexOf(10);
    chunks.push(chunk.subarray(0, end < 0 ? read : end));
    if (end >= 0) break;
  }
  return chunks.length > 0 ? Buffer.concat(chunks).toString('utf8') : undefined;
}
