import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openPlainConnection, toOrigin } from './httpConnection.ts';
import type { HttpConnection } from './httpConnection.ts';

let server: Server | undefined;
let connection: HttpConnection | undefined;
afterEach(() => {
  connection?.close();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function connect(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpConnection> {
  server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  connection = openPlainConnection(toOrigin(new URL(`http://127.0.0.1:${port}`)));
  connection.hold(true);
  return connection;
}

describe('a connection', () => {
  it('carries one request after the other', async () => {
    const open = await connect((request, response) => response.end(request.url));
    expect((await open.send({ method: 'POST', path: '/a', body: 'ü'.repeat(70_000) })).body).toBe('/a');
    expect(open.usable()).toBe(true);
    expect((await open.send({ method: 'POST', path: '/b', body: new Uint8Array([1, 2]) })).body).toBe('/b');
    expect((await open.send({ method: 'GET', path: '/c' })).body).toBe('/c');
  });

  it('refuses a second request while one is on its way', async () => {
    const open = await connect(() => {});
    const first = open.send({ method: 'GET', path: '/' });
    await expect(open.send({ method: 'GET', path: '/' })).rejects.toThrow('cannot be used');
    open.close();
    await expect(first).rejects.toThrow('closed');
  });

  it('fails when the other side closes without an answer, and stays failed', async () => {
    const open = await connect((request) => void request.socket.destroy());
    await expect(open.send({ method: 'GET', path: '/' })).rejects.toThrow();
    expect(open.usable()).toBe(false);
    await expect(open.send({ method: 'GET', path: '/' })).rejects.toThrow();
  });

  it('gives the answer whose status has come although the connection breaks in its body', async () => {
    const open = await connect((_, response) => {
      response
        .writeHead(200, { 'content-length': 1000 })
        .write('half', () => response.socket!.resetAndDestroy());
    });
    expect((await open.send({ method: 'POST', path: '/', body: 'x' })).status).toBe(200);
    expect(open.usable()).toBe(false);
  });

  it('is not used again after the other side has said that it closes', async () => {
    const open = await connect((_, response) => response.writeHead(200, { connection: 'close' }).end('last'));
    expect((await open.send({ method: 'GET', path: '/' })).body).toBe('last');
    expect(open.usable()).toBe(false);
  });

  it('is not used again after bytes that nobody asked for: they would be taken for the next answer', async () => {
    const open = await connect((request, response) => {
      response.end('asked');
      setTimeout(() => request.socket.write('HTTP/1.1 200 OK\r\n'), 20);
    });
    await open.send({ method: 'GET', path: '/' });
    await expect.poll(() => open.usable()).toBe(false);
  });

  it('fails where nobody listens', async () => {
    connection = openPlainConnection({ secure: false, hostname: '127.0.0.1', port: 9, host: '127.0.0.1:9' });
    connection.hold(true);
    await expect(connection.send({ method: 'GET', path: '/' })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('toOrigin', () => {
  it.each([
    ['http://collector', { secure: false, hostname: 'collector', port: 80, host: 'collector' }],
    ['https://c.example:8443/x', { secure: true, hostname: 'c.example', port: 8443, host: 'c.example:8443' }],
    ['https://c.example', { secure: true, hostname: 'c.example', port: 443, host: 'c.example' }],
    ['http://[::1]:4318', { secure: false, hostname: '::1', port: 4318, host: '[::1]:4318' }],
  ])('splits %s', (url, origin) => expect(toOrigin(new URL(url))).toEqual(origin));
});

describe('a connection that defers its reads', () => {
  it('gives the answer when it is asked for, or a moment later', async () => {
    const open = await connect((request, response) => response.end(request.url));
    open.deferReads(true);
    expect((await open.send({ method: 'GET', path: '/later' })).body).toBe('/later');
    let answered = false;
    const answer = open.send({ method: 'GET', path: '/now' }).then(({ body }) => {
      answered = true;
      return body;
    });
    while (!answered) {
      open.readNow();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answer).toBe('/now');
  });
});

describe('a request that the other side does not read', () => {
  /** Sends more than two systems keep; gives the other side's socket, what becomes of the request, and whether it is written. */
  async function stall(): Promise<{ other: Socket; answer: Promise<unknown>; written: string[] }> {
    const sockets: Socket[] = [];
    const stalled = createNetServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket));
    await new Promise<void>((done) => stalled.listen(0, '127.0.0.1', done));
    const { port } = stalled.address() as AddressInfo;
    connection = openPlainConnection(toOrigin(new URL(`http://127.0.0.1:${port}`)));
    const written: string[] = [];
    const request = { method: 'POST', path: '/', body: 'x'.repeat(64_000_000) } as const;
    const answer = connection.send(request, () => void written.push('all')).catch(() => 'lost');
    await expect.poll(() => sockets.length).toBe(1);
    stalled.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { other: sockets[0]!, answer, written };
  }

  it('is written when the system has taken all of it, and not before', async () => {
    const { other, written } = await stall();
    expect(written).toEqual([]);
    other.resume();
    await expect.poll(() => written).toEqual(['all']);
    other.destroy();
  });

  it('is lost where the connection is closed in the middle of it', async () => {
    const { other, answer } = await stall();
    other.destroy();
    expect(await answer).toBe('lost');
  });
});
