import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { listenOnLoopback } from './loopbackServer.ts';
import type { LoopbackServer } from './loopbackServer.ts';

/** What a client of HTTP/2 says first (RFC 9113, section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/**
 * Listens on 127.0.0.1 for HTTP/1.1 and for HTTP/2 without TLS, told apart by their first bytes: the SDK's client for
 * Kinesis speaks HTTP/2 and does not ask first.
 *
 * @param listener answers the requests; of HTTP/2 it may use what both have in common
 * @param port the port to prefer; 0 or a taken one means another
 */
export async function startDualLoopbackServer(
  listener: RequestListener,
  port = 0,
): Promise<Omit<LoopbackServer, 'onUpgrade'>> {
  const sockets = new Set<Socket>();
  const http = createHttpServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener);
  const http2 = createHttp2Server((request, response) => {
    // HTTP/2 says it in a field of its own.
    request.headers.host ??= request.authority;
    listener(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse & { req: IncomingMessage },
    );
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const bytes = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
      const start = bytes.subarray(0, PREFACE.length);
      const isHttp2 = start.length > 2 && start.equals(PREFACE.subarray(0, start.length));
      socket.unshift(bytes);
      (isHttp2 ? http2 : http).emit('connection', socket);
    });
  });
  await listenOnLoopback(server, port);
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    authority: `127.0.0.1:${bound}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
