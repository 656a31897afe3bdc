/*
 * The stand-in for `rapid-client.node`, the native half of aws-lambda-ric: the same three functions over one raw
 * socket that is kept alive. `next` waits without blocking; `done` and `error` block the thread until the platform has
 * answered, which is the property that the real one has and that everything about "after the response" rests on. It
 * uses no HTTP client of Node's, so no instrumentation can see it.
 */
{
  const fs = require('node:fs') as typeof import('node:fs');
  const net = require('node:net') as typeof import('node:net');

  // Taken now: the function's code may patch the modules later.
  const { writeSync, readSync } = fs;
  const { wait } = Atomics;
  const idleCell = new Int32Array(new SharedArrayBuffer(4));
  const WAIT_MS = 0.05;
  const READ_BYTES = 65_536;
  const USER_AGENT = 'clickspan-stand-in';

  const authority = process.env['AWS_LAMBDA_RUNTIME_API'] ?? '';
  const [host, port] = authority.split(':');

  interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer;
  }
  type Wire = import('node:net').Socket & { readonly _handle?: { readonly fd: number } | null };

  /** Where many requests are served at once, the next one is asked for while others are answered. */
  const isMany = process.env['AWS_LAMBDA_MAX_CONCURRENCY'] !== undefined;

  let wire: Wire | undefined;
  /** What answers are sent on: the same, unless that waits for another event at the time. */
  let answerWire: Wire | undefined;

  /** Parses one answer, or nothing when more bytes are needed. */
  const parseAnswer = (bytes: Buffer): Answer | undefined => {
    const headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const [statusLine, ...lines] = bytes.toString('utf8', 0, headEnd).split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    const status = Number(statusLine!.split(' ')[1]);
    const rest = bytes.subarray(headEnd + 4);
    if (headers['transfer-encoding']?.toLowerCase() === 'chunked') {
      const body = joinChunks(rest);
      return body && { status, headers, body };
    }
    const length = Number(headers['content-length'] ?? 0);
    return rest.length < length ? undefined : { status, headers, body: rest.subarray(0, length) };
  };

  const joinChunks = (bytes: Buffer): Buffer | undefined => {
    const parts: Buffer[] = [];
    for (let at = 0; ;) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd < 0) return undefined;
      const size = parseInt(bytes.toString('latin1', at, lineEnd), 16);
      const start = lineEnd + 2;
      if (bytes.length < start + size + 2) return undefined;
      if (size === 0) return Buffer.concat(parts);
      parts.push(bytes.subarray(start, start + size));
      at = start + size + 2;
    }
  };

  const connect = (old: Wire | undefined): Promise<Wire> =>
    new Promise((resolve, reject) => {
      if (old && !old.destroyed && old.writable) return resolve(old);
      const socket = net.connect({ host: host!, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });

  const ask = async (): Promise<Answer> => {
    const socket = await connect(wire);
    wire = socket;
    answerWire = isMany ? await connect(answerWire) : wire;
    if (isMany) answerWire.unref();
    // While we wait the process must live; between events the function's own work decides, as with the real one.
    socket.ref();
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const finish = (): void => {
        socket.off('data', onData);
        socket.off('close', onClose);
        socket.unref();
      };
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk);
        const answer = parseAnswer(chunks.length === 1 ? chunk : Buffer.concat(chunks));
        if (!answer) return;
        finish();
        resolve(answer);
      };
      const onClose = (): void => {
        finish();
        reject(new Error('Failed to get next invocation, error -1'));
      };
      socket.on('data', onData);
      socket.on('close', onClose);
      socket.write(
        `GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: ${USER_AGENT}\r\nAccept: */*\r\n\r\n`,
      );
    });
  };

  const writeAll = (fd: number, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(fd, bytes, at, bytes.length - at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        wait(idleCell, 0, 0, WAIT_MS);
      }
    }
  };

  const readAnswer = (fd: number): Answer => {
    let bytes = Buffer.alloc(0);
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      try {
        const count = readSync(fd, chunk, 0, READ_BYTES, null);
        if (count === 0) throw new Error('The runtime API closed the connection.');
        bytes = Buffer.concat([bytes, chunk.subarray(0, count)]);
        const answer = parseAnswer(bytes);
        if (answer) return answer;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        wait(idleCell, 0, 0, WAIT_MS);
      }
    }
  };

  /** Posts and waits on the thread itself. Failures stay silent: the real one drops its outcome too. */
  const post = (path: string, body: string, cause: string): void => {
    const fd = answerWire?._handle?.fd;
    if (fd === undefined || fd < 0) return;
    const bytes = Buffer.from(body);
    const causeLine = cause === '' ? '' : `lambda-runtime-function-xray-error-cause: ${cause}\r\n`;
    const head =
      `POST ${path} HTTP/1.1\r\nHost: ${authority}\r\nAccept: */*\r\ncontent-type: application/json\r\n${causeLine}` +
      `User-Agent: ${USER_AGENT}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    try {
      writeAll(fd, Buffer.concat([Buffer.from(head), bytes]));
      readAnswer(fd);
    } catch {
      answerWire?.destroy();
      if (wire === answerWire) wire = undefined;
      answerWire = undefined;
    }
  };

  module.exports = {
    next: async () => {
      const { status, headers, body } = await ask();
      if (status < 200 || status > 299) throw new Error(`Failed to get next invocation, error ${status}`);
      const always = {
        'lambda-runtime-deadline-ms': Number(headers['lambda-runtime-deadline-ms'] ?? 0),
        'lambda-runtime-aws-request-id': headers['lambda-runtime-aws-request-id'] ?? '',
        'lambda-runtime-trace-id': headers['lambda-runtime-trace-id'] ?? '',
        'lambda-runtime-invoked-function-arn': headers['lambda-runtime-invoked-function-arn'] ?? '',
      };
      const optional = [
        'lambda-runtime-client-context',
        'lambda-runtime-cognito-identity',
        'lambda-runtime-aws-tenant-id',
      ].flatMap((name) => (headers[name] ? [[name, headers[name]]] : []));
      return { bodyJson: body.toString(), headers: { ...always, ...Object.fromEntries(optional) } };
    },
    done: (requestId: string, body: string) => {
      post(`/2018-06-01/runtime/invocation/${requestId}/response`, body, '');
      return null;
    },
    error: (requestId: string, body: string, cause: string) => {
      post(`/2018-06-01/runtime/invocation/${requestId}/error`, body, cause);
      return null;
    },
  };
}
