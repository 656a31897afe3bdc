import type { ClientRequest, IncomingMessage } from 'node:http';
import { createObserveChannel } from '../../platform/channel.ts';
import { AWS_REQUEST_ID_HEADERS, beginHttpCall, noteAnswer, noteFailure } from './httpCall.ts';
import type { OpenCall } from './openCalls.ts';
import type { OutgoingEnvironment } from './outgoing.ts';

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
  const known = new WeakMap<ClientRequest, OpenCall>();

  const observe = createObserveChannel(guard);

  observe('http.client.request.created', ({ request }: { request: ClientRequest }) => {
    const sent = request.headersSent;
    const hostHeader = toText(request.getHeader('host'));
    // Headers given as a list are written at once and cannot be read, so that not even the port is known.
    if (sent && hostHeader === undefined) return;
    const host = hostHeader ?? request.host;
    const call = beginHttpCall(environment, {
      method: request.method,
      origin: `${request.protocol}//${host}`,
      path: request.path,
      header: (header) => toText(request.getHeader(header)),
      setHeader: (header, value) => {
        // With `Expect: 100-continue` the head is on its way already.
        if (!sent) request.setHeader(header, value);
      },
    });
    if (!call) return;
    known.set(request, call);
    request.once('close', () => calls.end(call));
  });
  observe('http.client.response.finish', ({ request, response }: Answered) => {
    const call = known.get(request);
    if (!call) return;
    const requestId = AWS_REQUEST_ID_HEADERS.map((name) => toText(response.headers[name])).find(Boolean);
    noteAnswer(call, response.statusCode ?? 0, requestId, now());
  });
  observe('http.client.request.error', ({ request, error }: { request: ClientRequest; error: unknown }) => {
    const call = known.get(request);
    if (call) noteFailure(call, error);
  });
}

function toText(header: number | string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}
