import type { ServerResponse } from 'node:http';

/** An answer to an HTTP request; a name may come more than once. */
export interface HttpReply {
  readonly statusCode: number;
  /** The reason phrase; Node's own when left out. */
  readonly statusText?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/**
 * Sends an answer whole. Throws, with nothing sent, when a header is one that HTTP does not allow.
 *
 * @param response where to
 * @param reply the answer
 * @param isHead whether the body is only counted
 */
export function sendReply(response: ServerResponse, reply: HttpReply, isHead = false): void {
  try {
    for (const [name, value] of reply.headers) response.appendHeader(name, value);
    if (reply.statusCode !== 204 && reply.statusCode !== 304)
      response.setHeader('content-length', reply.body.length);
    if (reply.statusText === undefined) response.writeHead(reply.statusCode);
    else response.writeHead(reply.statusCode, reply.statusText);
  } catch (error) {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    throw error;
  }
  response.end(isHead ? undefined : reply.body);
}

/**
 * Makes an answer of JSON.
 *
 * @param statusCode its status
 * @param document what is said
 * @param headers further headers
 */
export function toJsonReply(
  statusCode: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  const type = { 'content-type': 'application/json' };
  return {
    statusCode,
    headers: Object.entries({ ...type, ...headers }),
    body: Buffer.from(JSON.stringify(document)),
  };
}

/**
 * Writes a part of an answer's body.
 *
 * @param response where to
 * @param bytes the part
 * @returns resolves when more may come; at once when the caller has gone, who takes no more and holds nobody up
 */
export async function writeBytes(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || response.destroyed || response.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.on('drain', goOn).on('close', goOn);
  });
}
