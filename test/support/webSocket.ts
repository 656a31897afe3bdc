import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What RFC 6455 appends to a client's key. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 0x81;
const CLOSE = 0x88;

/** Takes a WebSocket, says `hello` twice, and closes it with code 4001 when the client says anything. */
export function answerWebSocket({ headers }: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${KEY_SUFFIX}`).digest('base64');
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.write(toFrame(TEXT, Buffer.from('hello')));
  socket.write(toFrame(TEXT, Buffer.from('hello')));
  socket.once('data', () => {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(4001);
    socket.write(toFrame(CLOSE, code));
    socket.once('data', () => socket.end());
  });
}

/** A frame of less than 126 bytes. */
function toFrame(head: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([head, payload.length]), payload]);
}
