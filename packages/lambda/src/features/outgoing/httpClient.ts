import type { ClientRequest, IncomingMessage } from 'node:http';
import { createObserveChannel, createOnce } from '../../platform/channel.ts';
import { describeAwsCall } from './awsCall.ts';
import { readAwsBody } from './awsRequest.ts';
import { beginHttpCall, noteAnswer, noteFailure } from './httpCall.ts';
import type { HttpCall, OutgoingRequest } from './httpCall.ts';
import type { OutgoingEnvironment } from './outgoing.ts';

type Target = Pick<OutgoingRequest, 'origin' | 'path'>;

interface Answered {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/**
 * Observes `node:http` and `node:https`, through the channels that Node itself offers: nothing is patched.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
export function observeHttpClient(environment: OutgoingEnvironment): void {
  const { guard, calls, now } = environment;
  const known = new WeakMap<ClientRequest, HttpCall>();

  const observe = createObserveChannel(guard);
  const note = (call: HttpCall, { statusCode, headers }: IncomingMessage): void =>
    noteAnswer(call, { status: statusCode ?? 0, header: (name) => toText(headers[name]) }, now());

  const follow = createOnce(() => {
    observe('http.client.response.finish', ({ request, response }: Answered) => {
      const call = known.get(request);
      if (call) note(call, response);
    });
    observe('http.client.request.error', ({ request, error }: { request: ClientRequest; error: unknown }) => {
      const call = known.get(request);
      if (call) noteFailure(call, error);
    });
  });

  observe('http.client.request.created', ({ request }: { request: ClientRequest }) => {
    // A tunnel, and no request of anything.
    if (request.method === 'CONNECT') return;
    const sent = request.headersSent;
    const header = createHeaderReader(request);
    const call = beginHttpCall(environment, {
      method: request.method,
      ...toTarget(request, header('host')),
      header,
      setHeader: (name, value) => {
        // With `Expect: 100-continue`, or headers given as a list, the head is written already.
        if (!sent) request.setHeader(name, value);
      },
    });
    if (!call) return;
    known.set(request, call);
    follow();
    request.once('close', () =>
      guard(() => {
        // No channel tells the answer of a request that became another protocol.
        const { res } = request as { res?: (IncomingMessage & { upgrade?: boolean }) | null };
        if (res?.upgrade) note(call, res);
        calls.end(call);
      }),
    );
    const { aws } = call;
    // What names its object in a path has told it.
    if (aws && !aws.input) {
      peekBody(request, (body) =>
        guard(() => {
          const { name, attributes } = describeAwsCall(readAwsBody(aws, body));
          call.span.updateName(name).setAttributes(attributes);
        }),
      );
    }
  });
}

/** Where a request goes; one that a proxy is to hand on has the whole address in place of its path. */
function toTarget({ path, protocol, host }: ClientRequest, named: string | undefined): Target {
  const [, origin, rest] = /^(https?:\/\/[^/?#]+)(.*)$/is.exec(path) ?? [];
  return origin && rest !== undefined
    ? { origin: new URL(origin).origin, path: rest || '/' }
    : { origin: `${protocol}//${named ?? host}`, path };
}

/** Headers that were given as a list are not kept but in the text that is going to be sent, which Node keeps to itself. */
function createHeaderReader(request: ClientRequest): (name: string) => string | undefined {
  const { _header: head } = request as { _header?: unknown };
  if (!request.headersSent || typeof head !== 'string' || request.getHeaderNames().length > 0)
    return (name) => toText(request.getHeader(name));
  const lines = head.split('\r\n');
  return (name) => {
    const line = lines.find((text) => text.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  };
}

/**
 * Looks once at the body of a request of the AWS SDK, which gives it whole to `end`: a bundle hides everything else that
 * knows what the call is about. The property is the request's own; other requests are not touched.
 */
function peekBody(request: ClientRequest, look: (body: string | Buffer) => void): void {
  const end = Reflect.get(request, 'end') as (...all: unknown[]) => unknown;
  let seen = false;
  const peekingEnd = function (this: unknown, ...args: unknown[]): unknown {
    const [body] = args;
    if (!seen && (typeof body === 'string' || Buffer.isBuffer(body))) look(body);
    seen = true;
    return Reflect.apply(end, this, args);
  };
  request.end = peekingEnd as typeof request.end;
}

function toText(header: number | string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}
