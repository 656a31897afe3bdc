import type { HttpConnection } from '../../platform/httpConnection.ts';
import type { HttpAnswer, HttpRequest } from '../../platform/httpMessage.ts';

/** Posts batches to the collector. */
export interface Transport {
  /**
   * Posts a batch.
   *
   * @param leaves its answer is left to a later invocation, whose handler goes before it; what is lost with a connection is
   * not sent again then
   */
  post(body: string, leaves?: boolean): Post;
  /** Whether a connection is open on which a batch leaves at once. */
  connected(): boolean;
  /** Reads at once what has come, and what comes of the request that is under way. */
  readNow(): void;
}

/** A request on its way. */
export interface Post {
  /** Rejects when no answer can come any more. */
  readonly answer: Promise<HttpAnswer>;
  /** Resolves when all of it has been handed to the system; not where it cannot be. */
  readonly written: Promise<void>;
  /** Closes its connection. */
  abort(): void;
}

/** What the transport needs. */
export interface TransportEnvironment {
  readonly connect: () => Promise<HttpConnection>;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly nowMs: () => number;
}

/**
 * How long an idle connection is trusted, by the wall clock. Servers commonly close after 5 s; while the environment is
 * frozen nobody sees that, and a request on such a connection is lost.
 */
const MAX_IDLE_MS = 4000;

/** Headers by which a request would contradict itself. */
const RESERVED = /^(host|connection|content-(length|type|encoding)|transfer-encoding)$/i;

interface IdleConnection {
  readonly connection: HttpConnection;
  /** When its last request was sent: by then it was in use, and when the answer came one does not know after a freeze. */
  readonly sinceMs: number;
}

/** Makes a transport that opens connections when it needs them, and keeps one for the next request. */
export function createTransport(environment: TransportEnvironment): Transport {
  const { connect, path, gzip, nowMs } = environment;
  let idle: IdleConnection | undefined;
  let inUse: HttpConnection | undefined;

  const isTrusted = ({ connection, sinceMs }: IdleConnection): boolean => {
    const age = nowMs() - sinceMs;
    return connection.usable() && age >= 0 && age < MAX_IDLE_MS;
  };
  const takeIdle = (): HttpConnection | undefined => {
    const taken = idle;
    idle = undefined;
    if (!taken) return undefined;
    if (isTrusted(taken)) return taken.connection;
    taken.connection.close();
    return undefined;
  };

  const headers = toOwnHeaders(environment.headers);
  headers['content-type'] = 'application/json';
  if (gzip) headers['content-encoding'] = 'gzip';

  const sendOn = async (
    connection: HttpConnection,
    request: HttpRequest,
    onWritten: () => void,
  ): Promise<HttpAnswer> => {
    const sinceMs = nowMs();
    inUse = connection;
    const answer = await connection.send(request, onWritten);
    if (!connection.usable()) return answer;
    idle?.connection.close();
    idle = { connection, sinceMs };
    return answer;
  };

  return {
    connected: () => idle !== undefined && isTrusted(idle),
    readNow() {
      inUse?.deferReads(false);
      inUse?.readNow();
    },
    post(text, leaves = false) {
      let current = takeIdle();
      let onWritten = (): void => {};
      const written = new Promise<void>((resolve) => {
        onWritten = resolve;
      });
      let aborted = false;
      const send = async (): Promise<HttpAnswer> => {
        const body = gzip ? (await import('node:zlib')).gzipSync(text) : text;
        const request = { method: 'POST', path, headers, body } as const;
        if (current) {
          current.deferReads(leaves);
          try {
            return await sendOn(current, request, onWritten);
          } catch (error) {
            // A kept connection that ends without an answer had been closed before the request came to it.
            if (aborted || leaves) throw error;
          }
        }
        current = await connect();
        if (aborted) current.close();
        return sendOn(current, request, onWritten);
      };
      return {
        answer: send(),
        written,
        abort() {
          aborted = true;
          current?.close();
        },
      };
    },
  };
}

/** What users configure, but for what is no header's name and for what describes the request itself. */
function toOwnHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (/^[!#$%&'*+\-.^_`|~\w]+$/.test(name) && !RESERVED.test(name)) own[name.toLowerCase()] = value;
  return own;
}
