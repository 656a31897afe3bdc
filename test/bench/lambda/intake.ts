import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** How the stand-in for a collector can behave. */
export const COLLECTOR_MODES = ['fine', '50 ms', '503', 'refusing', 'hanging', 'half-closing'] as const;

/**
 * `fine` answers at once, `50 ms` after that time; `503` says that it is unavailable; `refusing` has its port closed;
 * `hanging` reads and never answers; `half-closing` ends its side of the connection in the place of an answer.
 */
export type CollectorMode = (typeof COLLECTOR_MODES)[number];

/** How long the slow collector takes. */
export const SLOW_MS = 50;

/** Takes whatever one agent sends, over HTTP at any path and over UDP. */
export interface Intake {
  readonly url: string;
  readonly httpPort: number;
  readonly udpPort: number;
  /** Requests and datagrams. */
  readonly arrivals: number;
  readonly bytes: number;
  behave(mode: CollectorMode): Promise<void>;
  /** Whether one of these texts is anywhere in what was sent. */
  tellsOf(texts: readonly string[]): boolean;
  forget(): void;
  stop(): Promise<void>;
}

/** Starts an intake on loopback. */
export async function startIntake(): Promise<Intake> {
  const sockets = new Set<Socket>();
  let texts: string[] = [];
  let arrivals = 0;
  let bytes = 0;
  let mode: CollectorMode = 'fine';

  const keep = (body: Buffer): void => {
    arrivals++;
    bytes += body.length;
    // Texts are found in binary formats too; each byte stays one character.
    texts.push((isGzip(body) ? gunzipSync(body) : body).toString('latin1'));
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (mode === 'hanging') return;
    if (mode === 'half-closing') return void request.socket.end();
    response.writeHead(mode === '503' ? 503 : 200, { 'content-type': 'application/json' });
    response.end('{}');
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    keep(Buffer.concat(chunks));
    if (mode === '50 ms') setTimeout(() => answer(request, response), SLOW_MS);
    else answer(request, response);
  };

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((done) => server.listen(port, '127.0.0.1', done));
  const close = (): Promise<unknown> => {
    const closed = new Promise((done) => server.close(done));
    for (const socket of sockets) socket.destroy();
    return closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const udp = createSocket('udp4', (datagram) => keep(datagram));
  await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));

  return {
    url: `http://127.0.0.1:${port}`,
    httpPort: port,
    udpPort: udp.address().port,
    get arrivals() {
      return arrivals;
    },
    get bytes() {
      return bytes;
    },
    async behave(next) {
      if (next === mode) return;
      if (next === 'refusing') await close();
      else if (mode === 'refusing') await listen(port);
      // Connections that stay without an answer are another mode's.
      for (const socket of sockets) socket.destroy();
      mode = next;
    },
    tellsOf: (wanted) => texts.some((text) => wanted.some((part) => text.includes(part))),
    forget() {
      texts = [];
      arrivals = bytes = 0;
    },
    async stop() {
      udp.close();
      if (mode !== 'refusing') await close();
    },
  };
}

function isGzip(body: Buffer): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}
