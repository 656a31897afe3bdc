import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConsoleError } from '../consoleError.ts';

/** A listener that has its port. */
export interface HttpListener {
  readonly url: string;
  readonly port: number;
  /** Ends the listener: open requests get `graceMs` to finish, then their connections are cut. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/** How a listener is to be. */
export interface HttpListenerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** How long a sender may take for a whole request. */
  readonly requestTimeoutMs: number;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of usual clients and proxies, so that it is not we who cut a connection in use. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** A page holds six connections, an agent one; this is far above both and below the file limit. */
const MAX_CONNECTIONS = 2_000;

/**
 * Starts an HTTP listener.
 *
 * @throws ConsoleError `CLICKSPAN_CONSOLE_PORT_TAKEN`
 */
export async function startHttpListener(options: HttpListenerOptions): Promise<HttpListener> {
  const server = createServer(
    { requestTimeout: options.requestTimeoutMs, headersTimeout: HEADERS_TIMEOUT_MS, noDelay: true },
    options.handle,
  );
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, port, stop: (graceMs) => close(server, graceMs) };
}

function listen(server: Server, { host, port }: HttpListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new ConsoleError('CLICKSPAN_CONSOLE_PORT_TAKEN', `${host}:${port}; choose another, or 0 for any.`)
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
