import { createObserveChannel, createOnce } from '../../platform/channel.ts';
import { findHttp2Module } from '../../platform/http2Module.ts';
import { beginHttpCall, noteAddress, noteAnswer, noteFailure } from './httpCall.ts';
import type { HttpCall } from './httpCall.ts';
import type { OutgoingEnvironment } from './outgoing.ts';

/** The parts of Node's `ClientHttp2Stream` that are used. */
interface Stream {
  readonly session?: object;
  /** 0 for a stream that ended well, 8 for one that was given up. */
  readonly rstCode?: number;
}

type Headers = Readonly<Record<string, unknown>>;

interface Answered {
  readonly stream: Stream;
  readonly headers: Headers;
}

/** `request` of a session; its headers are an object or, since Node 24, a list of names and values. */
type Request = (this: unknown, ...args: unknown[]) => Stream;

const CANCELLED = 8;

/**
 * Observes the client side of `node:http2` through Node's channels, which are there since 22.17. They tell of a stream when
 * its headers are on their way: to write the context into them, `request` of sessions is wrapped when the first is made.
 *
 * @returns looks whether the function has loaded `node:http2` meanwhile, so that its first session is noticed
 * @see https://nodejs.org/api/diagnostics_channel.html#http2
 */
export function observeHttp2Client(environment: OutgoingEnvironment): () => void {
  const { guard, calls, now } = environment;
  const known = new WeakMap<Stream, HttpCall>();
  const observe = createObserveChannel(guard);
  /** Set while a wrapped `request` runs: what it has begun, if anything. */
  let begun: { readonly call: HttpCall | undefined } | undefined;
  let wrapped = false;

  const wrapRequests = (session: object): void => {
    if (wrapped) return;
    wrapped = true;
    const prototype = Object.getPrototypeOf(session) as { request: Request };
    const original = prototype.request;
    const request = function (this: unknown, ...args: unknown[]): Stream {
      const [headers, ...rest] = args as [object?, ...unknown[]];
      // What is refused must be refused as it is.
      if (headers === null || !/object|undefined/.test(typeof headers))
        return Reflect.apply(original, this, args);
      const before = begun;
      let sent: unknown = headers;
      const call = guard(() =>
        beginCall(environment, toHeaders(headers), (name, value) => {
          // The function may use its headers again.
          sent = withHeader(sent, name, value);
        }),
      );
      begun = { call };
      try {
        return Reflect.apply(original, this, [sent, ...rest]);
      } catch (error) {
        if (call) {
          guard(() => noteFailure(call, error));
          calls.end(call);
        }
        throw error;
      } finally {
        begun = before;
      }
    };
    prototype.request = Object.defineProperties(request, Object.getOwnPropertyDescriptors(original));
  };

  const follow = createOnce(() => {
    observe('http2.client.stream.finish', ({ stream, headers }: Answered) => {
      const call = known.get(stream);
      if (!call) return;
      const header = (name: string): string | undefined => toText(headers[name]);
      noteAnswer(call, { status: Number(headers[':status']), header }, now());
    });
    observe('http2.client.stream.error', ({ stream, error }: { stream: Stream; error: unknown }) => {
      const call = known.get(stream);
      if (call) noteFailure(call, error);
    });
    observe('http2.client.stream.close', ({ stream }: { stream: Stream }) => {
      const call = known.get(stream);
      if (!call) return;
      if (stream.rstCode === CANCELLED) noteFailure(call, { code: 'NGHTTP2_CANCEL' });
      const endUnixMs = now();
      // An error of the stream is told after its end.
      process.nextTick(() => calls.end(call, endUnixMs));
    });
  });

  observe('http2.client.stream.created', ({ stream, headers }: Answered) => {
    const call = begun ? begun.call : beginCall(environment, headers, () => {});
    if (stream.session) wrapRequests(stream.session);
    if (!call) return;
    known.set(stream, call);
    follow();
    // Only now it is known where a session leads that was told no more than a path.
    noteAddress(call.span, toOrigin(headers), String(headers[':path'] ?? '/'));
  });
  let found = false;
  return () => {
    const http2 = found ? undefined : findHttp2Module();
    if (!http2) return;
    found = true;
    const { connect } = http2;
    const noticing = function (this: unknown, ...args: never[]): ReturnType<typeof connect> {
      const session = Reflect.apply(connect, this, args);
      guard(() => wrapRequests(session));
      if (http2.connect === noticing) http2.connect = connect;
      return session;
    };
    http2.connect = Object.defineProperties(noticing, Object.getOwnPropertyDescriptors(connect));
  };
}

function beginCall(
  environment: OutgoingEnvironment,
  headers: Headers,
  setHeader: (name: string, value: string) => void,
): HttpCall | undefined {
  const method = String(headers[':method'] ?? 'GET');
  // A tunnel, or a WebSocket within a session.
  if (method === 'CONNECT') return undefined;
  return beginHttpCall(environment, {
    method,
    origin: toOrigin(headers),
    path: String(headers[':path'] ?? '/'),
    protocolVersion: '2',
    header: (name) => toText(headers[name]),
    // Names are in lower case in this version of HTTP.
    setHeader: (name, value) => setHeader(name.toLowerCase(), value),
  });
}

function toOrigin(headers: Headers): string {
  const authority = headers[':authority'] ?? headers['host'] ?? 'localhost';
  return `${toText(headers[':scheme']) ?? 'https'}://${String(authority)}`;
}

/** Headers by their names in lower case. */
function toHeaders(headers: unknown): Headers {
  const named: Record<string, unknown> = {};
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) named[String(headers[i]).toLowerCase()] = headers[i + 1];
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) named[name.toLowerCase()] = value;
  }
  return named;
}

/** Headers with one more, in a copy; also what Node keeps beside them under symbols, as which of them are secret. */
function withHeader(headers: unknown, name: string, value: string): unknown {
  if (!Array.isArray(headers)) {
    const others = Object.keys(headers ?? {}).filter((key) => key.toLowerCase() === name);
    const copy: Record<string, unknown> = { ...(headers as Headers) };
    for (const other of others) delete copy[other];
    copy[name] = value;
    return copy;
  }
  const kept = headers.filter((_, i) => String(headers[i & ~1]).toLowerCase() !== name);
  const symbols = Object.getOwnPropertySymbols(headers).map(
    (key) => [key, Reflect.get(headers, key)] as const,
  );
  return Object.assign([...kept, name, value], Object.fromEntries(symbols));
}

function toText(header: unknown): string | undefined {
  return typeof header === 'string' || typeof header === 'number' || Array.isArray(header)
    ? String(header)
    : undefined;
}
