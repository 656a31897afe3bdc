import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendReply } from '../../platform/httpResponse.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { decodePart, splitUrl } from '../../platform/requestUrl.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { decodeChunkedBody } from './chunkedBody.ts';
import type { ObjectStore, StoredObject } from './objectStore.ts';

/** The stand-in for S3, listening. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A refusal in S3's own words. */
interface S3Refusal {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
}

/** Objects are kept in memory: ours to protect. S3 takes 5 GB. */
const MAX_OBJECT_BYTES = 256 * 1024 * 1024;
const META = 'x-amz-meta-';

const NO_SUCH_BUCKET = refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
const NO_SUCH_KEY = refusal(404, 'NoSuchKey', 'The specified key does not exist.');
const NOT_HERE = refusal(501, 'NotImplemented', 'The stand-in for S3 does not know this request.');
const DENIED = refusal(403, 'AccessDenied', 'No request from a web page is served.');
const TOO_LARGE = refusal(
  400,
  'EntityTooLarge',
  'Your proposed upload exceeds the maximum allowed object size.',
);
const INCOMPLETE = refusal(400, 'IncompleteBody', 'The request body terminated unexpectedly');

/**
 * Starts the stand-in: `PUT`, `GET`, `HEAD` and `DELETE` of objects, addressed by path (`/<bucket>/<key>`).
 *
 * @param port the port to prefer; 0 or a taken one means another
 * @param buckets by name
 */
export async function startS3Server(
  port: number,
  buckets: ReadonlyMap<string, ObjectStore>,
): Promise<S3Server> {
  const server = await startLoopbackServer((request, response) => {
    answer(request, response, buckets).catch(() => response.destroy());
  }, port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  buckets: ReadonlyMap<string, ObjectStore>,
): Promise<void> {
  const result = await run(request, buckets);
  const reply = 'code' in result ? toXmlReply(result) : result;
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const headers = [...reply.headers, ['x-amz-request-id', requestId] as const];
  sendReply(response, { ...reply, headers }, request.method === 'HEAD');
}

async function run(
  request: IncomingMessage,
  buckets: ReadonlyMap<string, ObjectStore>,
): Promise<HttpReply | S3Refusal> {
  const body = await readRequestBody(request, MAX_OBJECT_BYTES);
  if (mayBeWebPage(request)) return DENIED;
  const [path, query] = splitUrl(request.url ?? '/');
  const [bucket = '', ...rest] = path.slice(1).split('/');
  const key = decodePart(rest.join('/'));
  const store = buckets.get(bucket);
  if (!store) return NO_SUCH_BUCKET;
  // What is asked for beside the object itself stands in the query; the SDK's own mark does not count.
  const asked = [...new URLSearchParams(query).keys()].filter((name) => name !== 'x-id');
  if (key === '' || asked.length > 0 || request.headers['x-amz-copy-source'] !== undefined) return NOT_HERE;
  if (request.method === 'PUT') {
    if (body.status === 'tooLarge') return TOO_LARGE;
    const isChunked = /\baws-chunked\b/.test(request.headers['content-encoding'] ?? '');
    const bytes = isChunked ? decodeChunkedBody(body.bytes) : body.bytes;
    if (!bytes) return INCOMPLETE;
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    const { eTag } = store.put(key, { body: bytes, contentType, metadata: toMetadata(request) });
    return { statusCode: 200, headers: [['etag', `"${eTag}"`]], body: Buffer.alloc(0) };
  }
  if (request.method === 'DELETE') {
    store.remove(key);
    return { statusCode: 204, headers: [], body: Buffer.alloc(0) };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return NOT_HERE;
  const object = store.get(key);
  return object ? toObjectReply(object) : NO_SUCH_KEY;
}

function toObjectReply({ body, contentType, eTag, changedUnixMs, metadata }: StoredObject): HttpReply {
  return {
    statusCode: 200,
    headers: [
      ['content-type', contentType],
      ['etag', `"${eTag}"`],
      ['last-modified', new Date(changedUnixMs).toUTCString()],
      ...Object.entries(metadata).map(([name, value]) => [`${META}${name}`, value] as const),
    ],
    body,
  };
}

function toMetadata(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headersDistinct).filter(([name]) => name.startsWith(META));
  return Object.fromEntries(
    entries.map(([name, values]) => [name.slice(META.length), (values ?? []).join(',')]),
  );
}

function toXmlReply({ statusCode, code, message }: S3Refusal): HttpReply {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { statusCode, headers: [['content-type', 'application/xml']], body: Buffer.from(xml) };
}

function refusal(statusCode: number, code: string, message: string): S3Refusal {
  return { statusCode, code, message };
}
