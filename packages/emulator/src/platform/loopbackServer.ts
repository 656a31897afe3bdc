import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** A listening HTTP server on 127.0.0.1. */
export interface LoopbackServer {
  readonly port: number;
  /** `127.0.0.1:<port>`. */
  readonly authority: string;
  /** Hands over each connection that shall become something else than HTTP, with what came behind the request. */
  onUpgrade(listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void;
  /** Closes the listener and every connection; resolves when both are gone. */
  stop(): Promise<void>;
}

/** A preferred port that is taken is passed over; this many following ones are tried before any free one is used. */
const PORTS_TRIED = 20;

/**
 * Listens on 127.0.0.1 without any time limit on requests: a handler may run for minutes, and an environment may be
 * frozen in the middle of a connection for hours.
 *
 * @param listener answers the requests
 * @param port the port to prefer; 0 or a taken one means another
 */
export async function startLoopbackServer(listener: RequestListener, port = 0): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener);
  server.timeout = 0;
  server.maxRequestsPerSocket = 0;
  await listenOnLoopback(server, port);
  const upgraded = new Set<Duplex>();
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    authority: `127.0.0.1:${bound}`,
    onUpgrade: (onUpgrade) => {
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        upgraded.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => upgraded.delete(socket));
        onUpgrade(request, socket, head);
      });
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        // Node counts these as its own no more.
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

/**
 * Makes a server listen on 127.0.0.1.
 *
 * @param server of any protocol
 * @param preferred the port to prefer; 0 or a taken one means another
 */
export async function listenOnLoopback(server: Server, preferred: number): Promise<void> {
  const ports = preferred === 0 ? [] : Array.from({ length: PORTS_TRIED }, (_, step) => preferred + step);
  for (const port of [...ports.filter((candidate) => candidate <= 65_535), 0]) {
    // One after the other: the first that is free wins.
    if (await tryListen(server, port)) return;
  }
}

function tryListen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}
