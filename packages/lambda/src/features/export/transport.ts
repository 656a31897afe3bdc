import type { HttpConnection } from '../../platform/httpConnection.ts';
import type { HttpAnswer } from '../../platform/httpMessage.ts';

/** Posts batches to the collector. */
export interface Transport {
  post(body: string): Post;
}

/** A request on its way. */
export interface Post {
  /** Rejects when no answer can come any more. */
  readonly answer: Promise<HttpAnswer>;
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
  readonly sinceMs: number;
}

/** Makes a transport that opens connections when it needs them, and keeps one for the next request. */
export function createTransport(environment: TransportEnvironment): Transport {
  const { connect, path, gzip, nowMs } = environment;
  let idle: IdleConnection | undefined;

  const takeIdle = (): HttpConnection | undefined => {
    const taken = idle;
    idle = undefined;
    if (!taken) return undefined;
    const age = nowMs() - taken.sinceMs;
    if (taken.connection.usable() && age >= 0 && age < MAX_IDLE_MS) return taken.connection;
    taken.connection.close();
    return undefined;
  };

  const headers = toOwnHeaders(environment.headers);
  headers['content-type'] = 'application/json';
  if (gzip) headers['content-encoding'] = 'gzip';

  const keep = (connection: HttpConnection, answer: HttpAnswer): HttpAnswer => {
    if (!connection.usable()) return answer;
    idle?.connection.close();
    idle = { connection, sinceMs: nowMs() };
    return answer;
  };

  return {
    post(text) {
      let current = takeIdle();
      let aborted = false;
      const send = async (): Promise<HttpAnswer> => {
        const body = gzip ? (await import('node:zlib')).gzipSync(text) : text;
        const request = { method: 'POST', path, headers, body } as const;
        if (current) {
          try {
            return keep(current, await current.send(request));
          } catch (error) {
            // A kept connection that ends without an answer had been closed before the request came to it.
            if (aborted) throw error;
          }
        }
        current = await connect();
        if (aborted) current.close();
        return keep(current, await current.send(request));
      };
      return {
        answer: send(),
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
