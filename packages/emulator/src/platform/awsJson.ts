import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendReply } from './httpResponse.ts';
import { isObject, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';
import { readRequestBody } from './requestBody.ts';
import { mayBeWebPage } from './webPage.ts';

/** A refusal of a service that speaks AWS JSON. */
export class AwsJsonError extends Error {
  /** The exception's name, for example `ResourceNotFoundException`. */
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.name = 'AwsJsonError';
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** A request of the AWS JSON 1.1 protocol. */
export interface AwsJsonCall {
  /** `PutEvents` of `AWSEvents.PutEvents`. */
  readonly action: string;
  readonly parameters: JsonObject;
  readonly traceHeader: string | undefined;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

/**
 * Answers one request of the AWS JSON 1.1 protocol: `POST /` with the action in `x-amz-target`.
 *
 * @param request the request
 * @param response where the answer goes
 * @param options the prefix of the target, how long a body may be, and what runs an action: returns the answer's
 *   document or throws an AwsJsonError
 */
export async function answerAwsJson(
  request: IncomingMessage,
  response: ServerResponse,
  options: {
    readonly targetPrefix: string;
    readonly maxBytes: number;
    readonly run: (call: AwsJsonCall) => unknown;
  },
): Promise<void> {
  try {
    send(response, 200, await options.run(await parseCall(request, options)));
  } catch (error) {
    if (!(error instanceof AwsJsonError)) throw error;
    send(response, error.statusCode, { __type: error.code, message: error.message });
  }
}

async function parseCall(
  request: IncomingMessage,
  { targetPrefix, maxBytes }: { readonly targetPrefix: string; readonly maxBytes: number },
): Promise<AwsJsonCall> {
  const body = await readRequestBody(request, maxBytes);
  // A web page can send only plain types without asking first; no page shall trigger a function.
  if (mayBeWebPage(request))
    throw new AwsJsonError('AccessDeniedException', 'No request from a web page is served.');
  const target = String(request.headers['x-amz-target'] ?? '');
  if (request.method !== 'POST' || !target.startsWith(`${targetPrefix}.`))
    throw new AwsJsonError(
      'UnknownOperationException',
      `The stand-in does not know ${target || 'this request'}.`,
    );
  if (!request.headers['content-type']?.startsWith(CONTENT_TYPE))
    throw new AwsJsonError('SerializationException', `The content type must be ${CONTENT_TYPE}.`);
  if (body.status === 'tooLarge')
    throw new AwsJsonError('SerializationException', 'The request is too long.');
  const parameters = parseJson(body.bytes.length === 0 ? '{}' : body.bytes);
  if (!isObject(parameters))
    throw new AwsJsonError('SerializationException', 'The request is not a JSON object.');
  const traceHeader = request.headers['x-amzn-trace-id'];
  return {
    action: target.slice(targetPrefix.length + 1),
    parameters,
    traceHeader: typeof traceHeader === 'string' ? traceHeader : undefined,
  };
}

function send(response: ServerResponse, statusCode: number, document: unknown): void {
  sendReply(response, {
    statusCode,
    headers: [
      ['content-type', CONTENT_TYPE],
      ['x-amzn-requestid', randomUUID()],
    ],
    body: Buffer.from(JSON.stringify(document)),
  });
}
