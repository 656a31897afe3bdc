import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { agentScriptFile, readAgentModule } from './edition.ts';
import { answerWebSocket } from './webSocket.ts';

/** A request that an origin has got. */
export interface OriginRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  body: string;
  /** How much of the answer the client has let us write. */
  bytesWritten: number;
  /** Whether the connection was closed before the answer was whole. */
  isCutShort: boolean;
}

/** Answers by path; what is not named is answered by the behaviours below. */
export type Pages = Readonly<Record<string, { readonly html: string; readonly headers?: HeaderRecord }>>;
type HeaderRecord = Readonly<Record<string, string>>;

/**
 * A server for pages and their requests. Beside its pages it has: `/clickspan.js` and `/clickspan.mjs`, the built agent;
 * `/echo`, the request's headers as JSON; `/slow?ms=`, the same later; `/status?code=`; `/hang`, which never answers;
 * `/endless`, which writes for as long as the client takes; `/timing` and `/timing-allowed`, with the `Server-Timing` of a
 * cold function that is exposed to scripts or to resource timing; `/timing-hidden`; `/closed`, without CORS; `/unlisted`, whose preflight does not allow our headers; `/broken`, which answers
 * 500 without CORS; `/events`, an event stream with two messages that stays open; `/socket`, a WebSocket;
 * `/redirect?to=`; `/compressed`, 10,000 bytes; `/cached`; `/trickle?ms=`, whose body takes that long.
 */
export interface TestOrigin {
  readonly url: string;
  readonly requests: OriginRequest[];
  /** The latest request to a path, without query. */
  latest(path: string): OriginRequest | undefined;
  stop(): Promise<void>;
}

/** What `/timing*` says about every request. */
export const COLD_TIMING = 'coldstart;dur=120, init;dur=100, handler;dur=5';
const CORS: HeaderRecord = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, PATCH',
  'access-control-allow-headers': 'traceparent, tracestate, content-type, x-own',
};

/**
 * Starts an origin on loopback.
 *
 * @param host what pages call it: `localhost` and `127.0.0.1` are different origins on the same machine
 */
export async function startTestOrigin(
  host: 'localhost' | '127.0.0.1',
  pages: Pages = {},
): Promise<TestOrigin> {
  const requests: OriginRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((message, response) => {
    const request: OriginRequest = {
      method: message.method ?? '',
      url: message.url ?? '',
      headers: message.headers,
      body: '',
      bytesWritten: 0,
      isCutShort: false,
    };
    if (message.method !== 'OPTIONS') requests.push(request);
    response.on('close', () => {
      request.isCutShort = !response.writableFinished;
    });
    message.on('data', (chunk: Buffer) => {
      request.body += chunk.toString();
    });
    message.on('end', () => answer(request, message, response, pages));
  });
  server.on('upgrade', (message, socket) => {
    if (message.url === '/socket') answerWebSocket(message, socket);
    else socket.destroy();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  return {
    url: `http://${host}:${port}`,
    requests,
    latest: (path) => requests.findLast((request) => request.url.split('?')[0] === path),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

function answer(
  request: OriginRequest,
  message: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
): void {
  const { pathname, searchParams } = new URL(request.url, 'http://any');
  const send = (status: number, headers: HeaderRecord, body = ''): void => {
    response.writeHead(status, headers);
    response.end(body);
  };
  if (message.method === 'OPTIONS') {
    return pathname === '/unlisted'
      ? send(204, { ...CORS, 'access-control-allow-headers': 'x-own' })
      : send(pathname === '/closed' ? 403 : 204, CORS);
  }
  const page = pages[pathname];
  if (page) return send(200, { 'content-type': 'text/html', ...page.headers }, page.html);
  const json = { ...CORS, 'content-type': 'application/json' };
  const echo = JSON.stringify(request.headers);
  const timing = `traceparent;desc="${request.headers['traceparent'] as string}", ${COLD_TIMING}`;
  switch (pathname) {
    case '/clickspan.js':
      return send(200, { 'content-type': 'text/javascript' }, readFileSync(agentScriptFile, 'utf8'));
    case '/clickspan.mjs':
      return void readAgentModule().then((code) => send(200, { 'content-type': 'text/javascript' }, code));
    case '/slow':
      return void setTimeout(() => send(200, json, echo), Number(searchParams.get('ms')));
    case '/status':
      return send(Number(searchParams.get('code')), json, echo);
    case '/hang':
      return;
    case '/endless':
      return writeEndlessly(request, response);
    case '/timing':
      return void setTimeout(
        () =>
          send(
            200,
            { ...json, 'server-timing': timing, 'access-control-expose-headers': 'server-timing' },
            echo,
          ),
        Number(searchParams.get('ms')),
      );
    case '/timing-allowed':
      return send(200, { ...json, 'server-timing': timing, 'timing-allow-origin': '*' }, echo);
    case '/timing-hidden':
      return send(200, { ...json, 'server-timing': timing }, echo);
    case '/closed':
      return send(200, { 'content-type': 'application/json' }, echo);
    case '/events':
      response.writeHead(200, { ...CORS, 'content-type': 'text/event-stream' });
      response.write('data: hello\n\ndata: hello\n\n');
      return;
    case '/compressed':
      response.writeHead(200, { ...json, 'content-encoding': 'gzip', 'timing-allow-origin': '*' });
      return void response.end(gzipSync('x'.repeat(10_000)));
    case '/cached':
      return send(200, { ...json, 'cache-control': 'max-age=600' }, echo);
    case '/trickle':
      response.writeHead(200, { ...json, 'timing-allow-origin': '*' });
      response.write('[');
      return void setTimeout(() => response.end(']'), Number(searchParams.get('ms')));
    case '/broken':
      return send(500, {});
    case '/redirect':
      return send(307, { ...CORS, location: searchParams.get('to') ?? '/' });
    default:
      return send(200, json, echo);
  }
}

/** Writes at the pace of the reader, at most 250 MB. */
function writeEndlessly(request: OriginRequest, response: ServerResponse): void {
  response.writeHead(200, { ...CORS, 'content-type': 'application/octet-stream' });
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const write = (): void => {
    while (request.bytesWritten < 250e6) {
      request.bytesWritten += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', write);
    }
    response.end();
  };
  write();
}
