import { createObserveChannel, createOnce } from '../../platform/channel.ts';
import { beginHttpCall, noteAnswer, noteFailure } from './httpCall.ts';
import type { HttpCall } from './httpCall.ts';
import type { OutgoingEnvironment } from './outgoing.ts';

/** The part of undici's request that is used; its headers are one text up to version 6, a list of names and values after. */
interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  /** The protocol that the connection shall change to. */
  readonly upgrade?: unknown;
  headers: string | (string | readonly string[])[];
  addHeader(name: string, value: string): void;
}

interface UndiciResponse {
  readonly statusCode: number;
  readonly headers: readonly Uint8Array[];
}

interface Answered {
  readonly request: UndiciRequest;
  readonly response: UndiciResponse;
}

/**
 * Observes the global `fetch` and undici, whichever copy of it, through its channels.
 *
 * @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
export function observeUndici(environment: OutgoingEnvironment): void {
  const { guard, calls, now } = environment;
  const known = new WeakMap<UndiciRequest, HttpCall>();

  const observe = createObserveChannel(guard);

  const follow = createOnce(() => {
    observe('undici:request:headers', ({ request, response }: Answered) => {
      const call = known.get(request);
      if (!call) return;
      const headers = readHeaders(response.headers);
      noteAnswer(call, { status: response.statusCode, header: (name) => headers.get(name) }, now());
    });
    observe('undici:request:trailers', ({ request }: { request: UndiciRequest }) => {
      const call = known.get(request);
      if (call) calls.end(call);
    });
    observe('undici:request:error', ({ request, error }: { request: UndiciRequest; error: unknown }) => {
      const call = known.get(request);
      if (!call) return;
      noteFailure(call, error);
      calls.end(call);
    });
  });

  observe('undici:request:create', ({ request }: { request: UndiciRequest }) => {
    // Of a WebSocket or a tunnel no channel tells the answer or the end.
    if (request.upgrade || request.method === 'CONNECT') return;
    const call = beginHttpCall(environment, {
      method: request.method,
      origin: String(request.origin).replace(/\/$/, ''),
      path: request.path,
      header: (name) => findHeader(request.headers, name),
      setHeader: (name, value) => setHeader(request, name, value),
    });
    if (!call) return;
    known.set(request, call);
    follow();
  });
}

function findHeader(headers: UndiciRequest['headers'], name: string): string | undefined {
  if (typeof headers === 'string') {
    const line = headers.split('\r\n').find((text) => text.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  }
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (String(headers[i]).toLowerCase() === name) return String(headers[i + 1]);
  }
  return undefined;
}

function setHeader(request: UndiciRequest, name: string, value: string): void {
  const { headers } = request;
  const lower = name.toLowerCase();
  if (typeof headers === 'string') {
    const others = headers.split('\r\n').filter((line) => !line.toLowerCase().startsWith(`${lower}:`));
    request.headers = others.join('\r\n');
  } else {
    for (let i = headers.length - 2; i >= 0; i -= 2)
      if (String(headers[i]).toLowerCase() === lower) headers.splice(i, 2);
  }
  request.addHeader(name, value);
}

function readHeaders(raw: readonly Uint8Array[]): Map<string, string> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) headers.set(text(raw[i]!).toLowerCase(), text(raw[i + 1]!));
  return headers;
}
