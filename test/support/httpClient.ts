import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

export interface HttpCall {
  /** `GET`, or `POST` with a body. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/**
 * Sends a request by node:http and not by fetch, which would not let us set origins, cookies, duplicates and the case of
 * names.
 *
 * @param target the URL; its path is sent as it stands
 * @param call what is sent
 */
export function sendHttp(target: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { body = '', method = body === '' ? 'GET' : 'POST', headers = {} } = call;
  const { hostname, port, origin } = new URL(target);
  const path = target.slice(origin.length) || '/';
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0, statusMessage = '' } = response;
        resolve({
          status: statusCode,
          statusText: statusMessage,
          headers: response.headers,
          body: bytes.toString(),
          bytes,
        });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
