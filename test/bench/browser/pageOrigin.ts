import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** The origin that pages under measurement come from. */
export interface PageOrigin {
  readonly url: string;
  /** Serves something at a path. */
  serve(path: string, contentType: string, content: string): void;
  stop(): Promise<void>;
}

/** What `/api/…` answers: as much as a small list has. */
const ANSWER = JSON.stringify({
  items: Array.from({ length: 5 }, (_, n) => ({ id: n, title: `Item ${n}`, price: 10 + n })),
});

/** Never answered: a page that asks for an image there has not loaded yet. */
export const HELD_PATH = '/held';

/**
 * Starts an origin on loopback. `/api/…` answers with JSON, {@link HELD_PATH} with nothing, everything else that is not
 * served with an empty page. All of it is cross-origin isolated: only there is a page's clock as fine as 5 µs.
 */
export async function startPageOrigin(): Promise<PageOrigin> {
  const served = new Map<string, { contentType: string; content: string }>();
  const sockets = new Set<Socket>();
  const send = (response: ServerResponse, contentType: string, content: string): void => {
    response.writeHead(200, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(content),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cache-control': 'no-store',
    });
    response.end(content);
  };
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url?.split('?')[0] ?? '';
    if (path === HELD_PATH) return;
    const found = served.get(path);
    if (found) return send(response, found.contentType, found.content);
    if (path.startsWith('/api/')) return send(response, 'application/json', ANSWER);
    send(response, 'text/html', '<!doctype html><meta charset="utf-8"><title>Bench</title><body>');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (path, contentType, content) => served.set(path, { contentType, content }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
