import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** A WebSocket server that sends back what it gets, and says `tick` by itself now and then. */
export interface SocketServer {
  readonly url: string;
  stop(): Promise<void>;
}

const TICK_MS = 15;

/** Starts it on loopback; it knows short texts only. */
export async function startSocketServer(): Promise<SocketServer> {
  const sockets = new Set<Duplex>();
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    sockets.add(socket);
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const send = (text: string): void =>
      void socket.write(Buffer.from([0x81, text.length, ...Buffer.from(text)]));
    const ticking = setInterval(() => send('tick'), TICK_MS);
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      // A head of two bytes, a mask of four, the text.
      for (
        let end;
        bytes.length >= 6 && bytes.length >= (end = 6 + (bytes[1]! & 127));
        bytes = bytes.subarray(end)
      ) {
        const mask = bytes.subarray(2, 6);
        if ((bytes[0]! & 15) === 1)
          send(
            bytes
              .subarray(6, end)
              .map((byte, i) => byte ^ mask[i % 4]!)
              .toString(),
          );
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => clearInterval(ticking));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
