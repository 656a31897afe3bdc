/** An answer, as far as the agent needs it. */
export interface HttpAnswer {
  readonly status: number;
  /** A header by its lower-case name; of a repeated one the last. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  /** Whether the connection can carry another request. */
  readonly keepAlive: boolean;
}

/** A request of the agent. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** More than any answer that the agent asks for; what is longer is an error. */
const MAX_ANSWER_BYTES = 1_048_576;

/**
 * Makes what writes the heads of the requests of one connection, which nearly always are the same but for the length.
 *
 * @param host value of the `Host` header
 */
export function createHeadEncoder(host: string): (request: HttpRequest) => string {
  let known: Omit<HttpRequest, 'body'> | undefined;
  let fixed = '';
  return (request) => {
    const { method, path, headers, body } = request;
    if (known?.headers !== headers || known?.path !== path || known?.method !== method) {
      known = { method, path, ...(headers && { headers }) };
      fixed = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
      // Never what the function has put onto the prototype of all objects.
      for (const name of Object.keys(headers ?? {}))
        fixed += `${name}: ${headers![name]!.replaceAll(/[\r\n]+/g, ' ')}\r\n`;
    }
    return body === undefined ? `${fixed}\r\n` : `${fixed}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  };
}

/** Reads one HTTP/1.1 answer. Both methods give it once it is whole, and throw on what is not HTTP/1.x or too long. */
export interface AnswerReader {
  /** Takes in what has come; the bytes are the reader's from then on. */
  push(chunk: Buffer): HttpAnswer | undefined;
  /** The other side has closed the connection. */
  end(): HttpAnswer | undefined;
}

const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

/** Makes a reader. Whatever pieces an answer comes in, each byte of it is looked at a fixed number of times. */
export function createAnswerReader(): AnswerReader {
  /** All that has come, in the first `length` bytes, then room for more. */
  let bytes: Buffer = Buffer.alloc(0);
  let length = 0;
  /** What comes before has been read. */
  let at = 0;
  /** What is looked for does not begin before. */
  let searched = 0;
  /** Nothing can be read until there are so many bytes. */
  let needed = 0;
  let head: AnswerHead | undefined;
  let bodyStart = 0;
  let bodyEnd = 0;
  let isLast = false;

  const append = (chunk: Buffer): void => {
    const whole = length + chunk.length;
    if (whole > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    if (length === 0) bytes = chunk;
    else {
      if (whole > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(whole, bytes.length * 2));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      chunk.copy(bytes, length);
    }
    length = whole;
  };
  const moveTo = (position: number): void => {
    at = searched = position;
  };
  const find = (mark: string): number => {
    const found = bytes.subarray(0, length).indexOf(mark, searched);
    // The beginning of the mark may have come.
    searched = found < 0 ? Math.max(at, length - mark.length + 1) : found;
    return found;
  };

  const readHead = (): AnswerHead | undefined => {
    for (;;) {
      const end = find(HEAD_END);
      if (end < 0) return undefined;
      const parsed = parseHead(bytes.toString('latin1', at, end));
      moveTo(end + HEAD_END.length);
      bodyStart = bodyEnd = at;
      // An interim answer: the real one follows.
      if (parsed.status >= 200) return parsed;
    }
  };
  /** What follows the last chunk: nothing, or headers, up to an empty line. */
  const readTrailers = (): boolean => find(HEAD_END) >= 0;
  /** Reads chunks, whose data is moved together; gives whether the last one has come. */
  const readChunks = (): boolean => {
    while (length >= needed) {
      const lineEnd = find(LINE_END);
      if (lineEnd < 0) return false;
      const [, digits] = /^([0-9a-f]{1,8})(?:[;\s]|$)/i.exec(bytes.toString('latin1', at, lineEnd)) ?? [];
      if (!digits) throw new Error('the answer is not HTTP');
      const size = parseInt(digits, 16);
      if (size === 0) {
        isLast = true;
        moveTo(lineEnd);
        return readTrailers();
      }
      const dataStart = lineEnd + LINE_END.length;
      const dataEnd = dataStart + size;
      needed = dataEnd + LINE_END.length;
      if (length < needed) return false;
      bytes.copyWithin(bodyEnd, dataStart, dataEnd);
      bodyEnd += size;
      moveTo(needed);
    }
    return false;
  };
  const readBody = ({ framing }: AnswerHead, ended: boolean): boolean => {
    if (framing === 'chunked') return isLast ? readTrailers() : readChunks();
    bodyEnd = framing === 'close' ? length : bodyStart + framing;
    return framing === 'close' ? ended : length >= bodyEnd;
  };
  const read = (ended: boolean): HttpAnswer | undefined => {
    head ??= readHead();
    if (!head) return undefined;
    const isWhole = readBody(head, ended);
    if (!isWhole && !ended) return undefined;
    const { status, header, keepsAlive } = head;
    // By its status alone the other side has said what became of the request: it must not be sent again.
    const body = isWhole ? bytes.toString('utf8', bodyStart, bodyEnd) : '';
    return { status, header, body, keepAlive: isWhole && keepsAlive };
  };

  return {
    push(chunk) {
      append(chunk);
      return length < needed ? undefined : read(false);
    },
    end: () => read(true),
  };
}

interface AnswerHead {
  readonly status: number;
  readonly header: HttpAnswer['header'];
  /** How many bytes the body has, or how else its end is told. */
  readonly framing: number | 'chunked' | 'close';
  readonly keepsAlive: boolean;
}

function parseHead(text: string): AnswerHead {
  const lineEnd = text.indexOf(LINE_END);
  const statusLine = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (!code) throw new Error('the answer is not HTTP');
  const status = Number(code);
  const header = createHeaderReader(text.slice(statusLine.length));
  const framing = toFraming(status, header);
  const isClosed = framing === 'close' || header('connection')?.toLowerCase() === 'close';
  return { status, header, framing, keepsAlive: minor === '1' && !isClosed };
}

/**
 * Looks headers up where they stand, since of all that an answer has only three or four are asked for.
 *
 * @param lines of the head, each after a line break
 */
function createHeaderReader(lines: string): HttpAnswer['header'] {
  const inLowerCase = lines.toLowerCase();
  return (name) => {
    const at = inLowerCase.lastIndexOf(`${LINE_END}${name}:`);
    if (at < 0) return undefined;
    const start = at + LINE_END.length + name.length + 1;
    const end = lines.indexOf(LINE_END, start);
    return lines.slice(start, end < 0 ? undefined : end).trim();
  };
}

function toFraming(status: number, header: HttpAnswer['header']): AnswerHead['framing'] {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (/\bchunked$/i.test(header('transfer-encoding') ?? '')) return 'chunked';
  const length = header('content-length');
  if (length === undefined) return 'close';
  if (!/^\d+$/.test(length)) throw new Error('the answer is not HTTP');
  return Number(length);
}
