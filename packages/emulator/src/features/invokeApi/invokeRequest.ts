import type { IncomingMessage } from 'node:http';
import { parseJson } from '../../platform/json.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import { InvokeError } from './invokeError.ts';

/** What a caller of the Invoke API asks for. */
export interface InvokeRequest {
  readonly functionName: string;
  readonly type: 'RequestResponse' | 'Event' | 'DryRun';
  /** Whether the answer is to be an event stream. */
  readonly streams: boolean;
  readonly wantsLog: boolean;
  /** JSON text. */
  readonly clientContext: string | undefined;
  readonly traceHeader: string | undefined;
}

const PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const STREAM_PATH = /^\/2021-11-15\/functions\/([^/]+)\/response-streaming-invocations$/;
const TYPES = ['Event', 'RequestResponse', 'DryRun'] as const;
/** "Up to 3,583 bytes of base64-encoded data about the invoking client." */
const MAX_CLIENT_CONTEXT_BYTES = 3583;

/**
 * Reads a request by its path and headers.
 *
 * @param request the request
 * @param account region and account of the functions that are here
 * @returns what is asked for; throws an InvokeError
 */
export function parseInvokeRequest(
  request: IncomingMessage,
  account: { readonly region: string; readonly accountId: string },
): InvokeRequest {
  const [path, query] = splitUrl(request.url ?? '/');
  const streamed = STREAM_PATH.exec(path)?.[1];
  const named = streamed ?? PATH.exec(path)?.[1];
  if (request.method !== 'POST' || named === undefined)
    throw new InvokeError(
      404,
      'UnknownOperationException',
      'The emulator serves Invoke and InvokeWithResponseStream alone.',
    );
  const type = headerOf(request, 'x-amz-invocation-type') ?? 'RequestResponse';
  if (!isType(type) || (streamed !== undefined && type === 'Event'))
    throw new InvokeError(
      400,
      'ValidationException',
      `1 validation error detected: Value '${type}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [${TYPES.join(', ')}]`,
    );
  const { functionName, qualifier } = parseFunctionName(
    named.replaceAll(/%3a/gi, ':').replaceAll('%24', '$'),
  );
  const wanted = new URLSearchParams(query).get('Qualifier') ?? qualifier ?? '$LATEST';
  if (wanted !== '$LATEST')
    throw new InvokeError(
      404,
      'ResourceNotFoundException',
      `Function not found: arn:aws:lambda:${account.region}:${account.accountId}:function:${functionName}:${wanted}`,
      { Type: 'User' },
    );
  return {
    functionName,
    type,
    streams: streamed !== undefined,
    wantsLog: headerOf(request, 'x-amz-log-type') === 'Tail',
    clientContext: parseClientContext(headerOf(request, 'x-amz-client-context')),
    traceHeader: headerOf(request, 'x-amzn-trace-id'),
  };
}

/**
 * Reads the name of a function: alone, as part of an ARN or a whole one, perhaps with a version or an alias behind it.
 *
 * @param text the name as the caller wrote it
 * @returns its parts; throws an InvokeError
 */
export function parseFunctionName(text: string): { functionName: string; qualifier: string | undefined } {
  const parts =
    /^(?:arn:aws[\w-]*:lambda:)?(?:[a-z]{2}[\w-]*-\d:)?(?:\d{12}:)?(?:function:)?([\w-]{1,64})(?::(\$LATEST|[\w-]+))?$/.exec(
      text,
    );
  if (parts) return { functionName: parts[1]!, qualifier: parts[2] };
  throw new InvokeError(
    400,
    'ValidationException',
    `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern`,
  );
}

function parseClientContext(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = Buffer.from(header, 'base64').toString();
  if (Buffer.byteLength(header) <= MAX_CLIENT_CONTEXT_BYTES && parseJson(text) !== undefined) return text;
  throw new InvokeError(
    400,
    'InvalidRequestContentException',
    'Client context must be a valid Base64-encoded JSON object.',
    { Type: 'User' },
  );
}

function isType(text: string): text is InvokeRequest['type'] {
  return TYPES.some((type) => type === text);
}
