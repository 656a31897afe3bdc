import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import type { ServedQueue } from './sqsApi.ts';
import { SQS_ACTIONS } from './sqsApi.ts';
import { SqsError } from './sqsError.ts';

/** The stand-in for SQS, listening. */
export interface SqsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

const TARGET = /^AmazonSQS\.(\w+)$/;
const CONTENT_TYPE = 'application/x-amz-json-1.0';
/** Ten entries of 1 MiB escaped as JSON, with room to be told politely that it was too much. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** What the older query protocol called these errors; SDKs read it from a header. */
const QUERY_ERRORS: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
};

/**
 * Starts the stand-in: AWS JSON 1.0 over `POST /`, for the queues that it is given.
 *
 * @param port the port to prefer; 0 or a taken one means another
 * @param queues by name; read at each request, so it may be filled once the port is known
 */
export async function startSqsServer(
  port: number,
  queues: ReadonlyMap<string, ServedQueue>,
): Promise<SqsServer> {
  const server = await startLoopbackServer((request, response) => {
    answer(request, response, queues).catch(() => response.destroy());
  }, port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  queues: ReadonlyMap<string, ServedQueue>,
): Promise<void> {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  try {
    const parameters = await parseRequest(request);
    const name = TARGET.exec(headerOf(request, 'x-amz-target') ?? '')?.[1] ?? '';
    const action = Object.hasOwn(SQS_ACTIONS, name) ? SQS_ACTIONS[name] : undefined;
    if (!action)
      throw new SqsError(
        'UnsupportedOperation',
        `The stand-in for SQS does not know ${name || 'this request'}.`,
      );
    const traceHeader = headerOf(request, 'x-amzn-trace-id');
    send(response, 200, await action({ parameters, queues, traceHeader, signal: abort.signal }));
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    const query = QUERY_ERRORS[error.code] ?? error.code;
    const document = { __type: `com.amazonaws.sqs#${error.code}`, message: error.message };
    send(response, 400, document, { 'x-amzn-query-error': `${query};Sender` });
  }
}

async function parseRequest(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const body = await readRequestBody(request, MAX_BODY_BYTES);
  if (request.method !== 'POST') throw new SqsError('UnsupportedOperation', 'Only POST is supported.');
  // A web page can send only plain types without asking first; no page shall fill a queue.
  if (!headerOf(request, 'content-type')?.startsWith(CONTENT_TYPE)) {
    throw new SqsError('UnsupportedOperation', `The content type must be ${CONTENT_TYPE}.`);
  }
  if (mayBeWebPage(request)) throw new SqsError('AccessDenied', 'No request from a web page is served.');
  if (body.status === 'tooLarge') throw new SqsError('BatchRequestTooLong', 'The request is too long.');
  const document = parseJson(body.bytes.length === 0 ? '{}' : body.bytes);
  if (isObject(document)) return document;
  throw new SqsError('SerializationException', 'The request is not a JSON object.');
}

function send(
  response: ServerResponse,
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(document));
  response.writeHead(status, {
    'content-type': CONTENT_TYPE,
    'content-length': bytes.length,
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(bytes);
}
