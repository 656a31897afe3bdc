import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { createAnswerReader, createHeadEncoder } from './httpMessage.ts';
import type { AnswerReader, HttpAnswer, HttpRequest } from './httpMessage.ts';
import { after } from './timers.ts';

/** Where requests go. */
export interface HttpOrigin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Value of the `Host` header. */
  readonly host: string;
}

/**
 * One HTTP/1.1 connection for one request at a time.
 *
 * Written on bare sockets: they are invisible to whoever observes the function's own HTTP calls, and cost a fraction
 * of the memory. The socket never keeps the process alive unless `hold` says so.
 */
export interface HttpConnection {
  /**
   * Sends a request; rejects when the connection fails before the whole answer is there.
   *
   * @param onWritten called when all of it has been handed to the system, which sends it whatever becomes of this process
   */
  send(request: HttpRequest, onWritten?: () => void): Promise<HttpAnswer>;
  /** Whether the process stays alive for this connection; it does not from the start. */
  hold(on: boolean): void;
  /** Whether answers are read a moment after they have come, so that what comes with them goes first. */
  deferReads(on: boolean): void;
  /** Reads at once what has come and was deferred. */
  readNow(): void;
  /** Whether the connection is open and idle. */
  usable(): boolean;
  close(): void;
}

/**
 * Splits an address.
 *
 * @param url absolute http or https address
 */
export function toOrigin(url: URL): HttpOrigin {
  const secure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { secure, hostname, port: Number(url.port) || (secure ? 443 : 80), host: url.host };
}

/** Opens a connection; TLS is loaded only where it is needed. */
export async function openConnection(origin: HttpOrigin): Promise<HttpConnection> {
  if (!origin.secure) return openPlainConnection(origin);
  const { hostname: host, port } = origin;
  const { connect } = await import('node:tls');
  const servername = /[^\d.]/.test(host) && !host.includes(':') ? host : '';
  return overSocket(
    (take) => connect({ host, port, servername }).setNoDelay(true).on('data', take),
    origin.host,
  );
}

/** As much as an answer usually has. */
const READ_BYTES = 4096;

/**
 * Opens a connection without TLS, at once. What it reads comes past the socket's stream, whose work for one chunk is as
 * much as all that is done with an answer here.
 */
export function openPlainConnection({ hostname: host, port, host: named }: HttpOrigin): HttpConnection {
  return overSocket((take) => {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const callback = (bytes: number): boolean => {
      // The buffer is filled again by what comes next.
      take(Buffer.from(buffer.subarray(0, bytes)));
      return true;
    };
    return connectPlain({ host, port, noDelay: true, onread: { buffer, callback } });
  }, named);
}

/** Long enough for the handler of an invocation that arrives in the same moment to begin, and for most to end. */
const DEFERRED_MS = 20;

interface Waiting {
  readonly reader: AnswerReader;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** @param connect opens the socket, and has what it reads taken */
function overSocket(connect: (take: (chunk: Buffer) => void) => Socket, host: string): HttpConnection {
  const encodeHead = createHeadEncoder(host);
  let waiting: Waiting | undefined;
  let received: Buffer[] = [];
  let dead = false;
  let deferring = false;
  /** Cancels the deferred reading. */
  let deferred: (() => void) | undefined;

  const fail = (error: Error): void => {
    dead = true;
    socket.destroy();
    waiting?.reject(error);
    waiting = undefined;
  };
  const read = (ended: boolean): void => {
    if (!waiting) {
      // Nothing was asked: whatever comes now cannot be told apart from the next answer.
      if (received.length > 0) fail(new Error('unasked bytes'));
      return;
    }
    const { reader, resolve } = waiting;
    const chunks = received;
    received = [];
    let answer: HttpAnswer | undefined;
    for (const chunk of chunks) answer ??= reader.push(chunk);
    if (ended) answer ??= reader.end();
    if (!answer) return;
    waiting = undefined;
    if (!answer.keepAlive) fail(new Error('closed'));
    resolve(answer);
  };
  const tryRead = (ended: boolean): void => {
    deferred?.();
    deferred = undefined;
    try {
      read(ended);
    } catch (error) {
      fail(error as Error);
    }
  };
  const socket = connect((chunk) => {
    received.push(chunk);
    if (deferring) deferred ??= after(DEFERRED_MS, () => tryRead(false));
    else tryRead(false);
  });
  socket.unref();
  socket.on('end', () => {
    tryRead(true);
    fail(new Error('the connection was closed'));
  });
  socket.on('error', (error) => {
    tryRead(true);
    fail(error);
  });
  socket.on('close', () => fail(new Error('the connection was lost')));

  return {
    send: (request, onWritten) =>
      new Promise((resolve, reject) => {
        if (dead || waiting) {
          reject(new Error('the connection cannot be used'));
          return;
        }
        waiting = { reader: createAnswerReader(), resolve, reject };
        const head = encodeHead(request);
        if (typeof request.body === 'string') {
          socket.write(head + request.body, onWritten);
          return;
        }
        if (!request.body) {
          socket.write(head, onWritten);
          return;
        }
        socket.cork();
        socket.write(head);
        socket.write(request.body, onWritten);
        socket.uncork();
      }),
    deferReads(on) {
      deferring = on;
    },
    readNow() {
      if (deferred) tryRead(false);
    },
    hold: (on) => void (on ? socket.ref() : socket.unref()),
    usable: () => !dead && !waiting,
    close: () => fail(new Error('closed')),
  };
}
