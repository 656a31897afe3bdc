/** An answer, as far as the agent needs it. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header the last. */
  readonly headers: Readonly<Record<string, string>>;
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
 * Writes the head of a request.
 *
 * @param host value of the `Host` header
 */
export function encodeRequestHead({ method, path, headers, body }: HttpRequest, host: string): string {
  let head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
  // Never what the function has put onto the prototype of all objects.
  for (const name of Object.keys(headers ?? {}))
    head += `${name}: ${headers![name]!.replaceAll(/[\r\n]+/g, ' ')}\r\n`;
  if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${head}\r\n`;
}

/**
 * Reads an HTTP/1.1 answer out of the bytes that have come so far.
 *
 * @param bytes everything since the request was sent
 * @param ended the other side has closed the connection
 * @returns the answer once it is whole; `undefined` while it is not; throws on what is not HTTP/1.x or too long
 */
export function parseAnswer(bytes: Buffer, ended: boolean): HttpAnswer | undefined {
  if (bytes.length > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
  const text = bytes.toString('latin1');
  let start = 0;
  for (;;) {
    const headEnd = text.indexOf('\r\n\r\n', start);
    if (headEnd < 0) return undefined;
    const [statusLine = '', ...lines] = text.slice(start, headEnd).split('\r\n');
    const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(statusLine) ?? [];
    if (!code) throw new Error('the answer is not HTTP');
    start = headEnd + 4;
    const status = Number(code);
    // An interim answer: the real one follows.
    if (status < 200) continue;
    const headers = parseHeaders(lines);
    // By its status alone the other side has said what became of the request: it must not be sent again.
    const body = readBody({ bytes, text, start, status, headers, ended }) ?? (ended ? CUT_OFF : undefined);
    if (!body) return undefined;
    const keepAlive = minor === '1' && body.delimited && headers['connection']?.toLowerCase() !== 'close';
    return { status, headers, body: body.bytes.toString('utf8'), keepAlive };
  }
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

interface BodyInput {
  readonly bytes: Buffer;
  readonly text: string;
  readonly start: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly ended: boolean;
}

interface Body {
  readonly bytes: Buffer;
  /** The body's end was marked, not given by the connection's end. */
  readonly delimited: boolean;
}

const CUT_OFF: Body = { bytes: Buffer.alloc(0), delimited: false };

function readBody({ bytes, text, start, status, headers, ended }: BodyInput): Body | undefined {
  if (status === 204 || status === 304) return { bytes: Buffer.alloc(0), delimited: true };
  if (/\bchunked$/i.test(headers['transfer-encoding'] ?? '')) return readChunks(bytes, text, start);
  const length = headers['content-length'];
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) throw new Error('the answer has no length');
    const end = start + Number(length);
    return bytes.length >= end ? { bytes: bytes.subarray(start, end), delimited: true } : undefined;
  }
  return ended ? { bytes: bytes.subarray(start), delimited: false } : undefined;
}

function readChunks(bytes: Buffer, text: string, start: number): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const [, digits] = /^([0-9a-f]{1,8})(?:[;\s]|$)/i.exec(text.slice(at, lineEnd)) ?? [];
    if (!digits) throw new Error('the answer has a malformed chunk');
    const size = parseInt(digits, 16);
    const dataStart = lineEnd + 2;
    if (size === 0) {
      // Trailers, if any, up to an empty line.
      const done = text.startsWith('\r\n', dataStart) || text.includes('\r\n\r\n', dataStart);
      return done ? { bytes: Buffer.concat(chunks), delimited: true } : undefined;
    }
    if (bytes.length < dataStart + size + 2) return undefined;
    chunks.push(bytes.subarray(dataStart, dataStart + size));
    at = dataStart + size + 2;
  }
}
