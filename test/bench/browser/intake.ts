import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';

/** What one page has sent. */
export interface Received {
  posts: number;
  /** As it came over the wire. */
  wireBytes: number;
  /** Bodies without compression. */
  plainBytes: number;
  /** Bodies compressed one by one, whether or not the agent did. */
  gzipBytes: number;
  /** Bodies as text, one after another. */
  text: string;
}

/**
 * A server that takes whatever any agent sends, at whatever path, and keeps apart what different pages send by the first
 * segment of the path.
 */
export interface Intake {
  /** The address that the agent in a page is given. */
  urlFor(page: string): string;
  receivedFrom(page: string): Received;
  /** Waits until no page has sent anything for a while. */
  waitForQuiet(quietMs: number): Promise<void>;
  forget(): void;
  stop(): Promise<void>;
}

/** Starts an intake on loopback, at an origin of its own. */
export async function startIntake(): Promise<Intake> {
  const pages = new Map<string, Received>();
  const sockets = new Set<Socket>();
  let lastArrivalMs = 0;

  const receivedFrom = (page: string): Received => {
    const known = pages.get(page);
    if (known) return known;
    const fresh: Received = { posts: 0, wireBytes: 0, plainBytes: 0, gzipBytes: 0, text: '' };
    pages.set(page, fresh);
    return fresh;
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    lastArrivalMs = performance.now();
    const { origin = '*', 'access-control-request-headers': asked = 'content-type' } = request.headers;
    const headers = {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': asked,
      'access-control-allow-methods': 'GET, POST',
      'access-control-max-age': '600',
      'cross-origin-resource-policy': 'cross-origin',
      'content-type': 'application/json',
    };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'POST') {
      const received = receivedFrom(request.url?.split(/[/?]/)[1] ?? '');
      const wire = Buffer.concat(chunks);
      const plain = decode(wire);
      received.posts++;
      received.wireBytes += wire.length;
      received.plainBytes += plain.length;
      received.gzipBytes += gzipSync(plain).length;
      received.text += `${plain.toString('utf8')}\n`;
    }
    lastArrivalMs = performance.now();
    response.writeHead(200, headers);
    response.end('{}');
  };

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    urlFor: (page) => `http://localhost:${port}/${page}`,
    receivedFrom,
    async waitForQuiet(quietMs) {
      lastArrivalMs = performance.now();
      while (performance.now() - lastArrivalMs < quietMs) await new Promise((done) => setTimeout(done, 20));
    },
    forget: () => pages.clear(),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Undoes what the body's first bytes say was done to it: not every agent says so in a header. */
function decode(body: Buffer): Buffer {
  if (body[0] === 0x1f && body[1] === 0x8b) return gunzipSync(body);
  const isZlib = body[0] === 0x78 && body.length > 2 && body.readUInt16BE(0) % 31 === 0;
  return isZlib ? inflateSync(body) : body;
}

/** How many spans are in what was sent as OTLP/JSON, by a text in their `url.full`. */
export function countSpans({ text }: Received, urlPart: string): number {
  let count = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith('{"resourceSpans"')) continue;
    const { resourceSpans } = JSON.parse(line) as OtlpTraces;
    for (const { scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) {
        count += spans.filter(({ attributes }) => attributes?.some((entry) => isUrl(entry, urlPart))).length;
      }
    }
  }
  return count;
}

interface OtlpTraces {
  resourceSpans: { scopeSpans: { spans: { attributes?: OtlpAttribute[] }[] }[] }[];
}

interface OtlpAttribute {
  key: string;
  value: { stringValue?: string };
}

function isUrl({ key, value }: OtlpAttribute, part: string): boolean {
  return (key === 'url.full' || key === 'http.url') && value.stringValue?.includes(part) === true;
}
