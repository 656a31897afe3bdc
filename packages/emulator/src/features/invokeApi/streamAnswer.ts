import type { ServerResponse } from 'node:http';
import type { InvocationOutcome, ResponseSink } from '../../platform/invocation.ts';
import { writeBytes } from '../../platform/httpResponse.ts';
import { encodeEventMessage } from './eventStream.ts';

/** The answer of InvokeWithResponseStream, on its way while the function still writes. */
export interface StreamAnswer {
  readonly sink: ResponseSink;
  /** Says how it ended. What the function returned without streaming goes before that, in one chunk. */
  finish(reply: Exclude<InvocationOutcome, { status: 'throttled' }>, logResult: string | undefined): void;
}

/**
 * Makes the answer: an event stream of chunks, and of how it ended (Lambda API reference, "InvokeWithResponseStream").
 *
 * @param response the caller's
 * @param requestId the invocation
 */
export function createStreamAnswer(response: ServerResponse, requestId: string): StreamAnswer {
  let streams = false;
  const begin = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amz-executed-version': '$LATEST',
      'x-amzn-requestid': requestId,
    });
    response.flushHeaders();
  };
  return {
    sink: {
      begin: () => {
        streams = true;
        begin();
      },
      write: async (bytes) => {
        if (bytes.length > 0) await writeBytes(response, toChunk(bytes));
      },
    },
    finish: (reply, logResult) => {
      begin();
      if (!streams && reply.status === 'ok' && reply.payload.length > 0)
        response.write(toChunk(reply.payload));
      const failure =
        reply.status === 'error'
          ? { ErrorCode: reply.errorType, ErrorDetails: reply.payload.toString() }
          : {};
      const end = { ...failure, ...(logResult === undefined ? {} : { LogResult: logResult }) };
      response.end(toEvent('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(end))));
    },
  };
}

function toChunk(bytes: Buffer): Buffer {
  return toEvent('PayloadChunk', 'application/octet-stream', bytes);
}

function toEvent(name: string, contentType: string, payload: Buffer): Buffer {
  const headers = { ':message-type': 'event', ':event-type': name, ':content-type': contentType };
  return encodeEventMessage(headers, payload);
}
