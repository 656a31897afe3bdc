import {
  CLICKSPAN_CONNECTION_CODE,
  CLICKSPAN_CONNECTION_MESSAGES,
  CLICKSPAN_CONNECTION_MS,
  CLICKSPAN_CONNECTION_SIZE,
  URL_FULL,
} from '@clickspan/shared/attributes';
import { maskUrl } from '@clickspan/shared/masking';
import type { NewLogRecord } from '../records/recordSink.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { Listen } from '../../platform/listen.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { Requests } from './trackRequests.ts';

/** What observing connections needs. */
export interface ConnectionsDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly requests: Requests;
  readonly emit: (record: NewLogRecord) => void;
}

type Connection = WebSocket | EventSource;

/** Ends what is known of a connection; the error says why it never opened. */
type End = (error: string, code?: number) => void;

const CONNECTING = 0;
/** Of an `EventSource`. A `WebSocket` is never in this state, which is its closing, when it has an error. */
const CLOSED = 2;

/**
 * Observes each `WebSocket`: a span for as long as it connects, and a log record when it has closed or the page is left. So
 * no action stays open for it, and nothing is kept of one that is gone.
 *
 * @returns undoes it
 */
export function observeWebSockets(deps: ConnectionsDeps): () => void {
  return observeConnections(deps, 'WebSocket', 101);
}

/** Observes each `EventSource` in the same way; messages with a name of their own are not counted. */
export function observeEventSources(deps: ConnectionsDeps): () => void {
  return observeConnections(deps, 'EventSource', 200);
}

function observeConnections(
  deps: ConnectionsDeps,
  name: 'WebSocket' | 'EventSource',
  openStatus: number,
): () => void {
  const { window, guard, listen, clock, emit } = deps;
  const open = new Map<unknown, End>();

  const track = (connection: Connection): void => {
    const url = new URL(connection.url);
    const request = deps.requests.start({ method: 'GET', url, name })!;
    let openUnixMs = 0;
    let messages = 0;
    let size = 0;
    const end: End = (error, code) => {
      if (!open.delete(connection)) return;
      if (!openUnixMs) return request.failed(error);
      const unixMs = clock.now();
      emit({
        unixMs,
        eventName: 'clickspan.connection',
        body: name,
        attributes: {
          [URL_FULL]: maskUrl(url),
          [CLICKSPAN_CONNECTION_MS]: Math.round(unixMs - openUnixMs),
          [CLICKSPAN_CONNECTION_CODE]: code,
          [CLICKSPAN_CONNECTION_MESSAGES]: messages,
          [CLICKSPAN_CONNECTION_SIZE]: size,
        },
        spanContext: request.span.spanContext(),
      });
    };
    open.set(connection, end);
    listen(connection, 'open', () => {
      // An `EventSource` that was cut off opens again.
      openUnixMs ||= clock.now();
      request.responded(openStatus, null, true);
    });
    listen(connection, 'message', (event) => {
      const { data } = event as MessageEvent<Partial<Record<'length' | 'byteLength' | 'size', number>>>;
      messages++;
      size += data.length ?? data.byteLength ?? data.size ?? 0;
    });
    // A `WebSocket` closes, an `EventSource` has an error.
    listen(connection, 'close', (event) => end('error', (event as CloseEvent).code));
    listen(connection, 'error', () => {
      if (connection.readyState === CLOSED) end('error');
    });
  };

  const endAll = (): void => open.forEach((end) => end('abort'));
  const stops = [
    patchMethod(window, name, (create, _self, args) => {
      const connection = create(...args) as Connection;
      guard(() => track(connection));
      return connection;
    }),
    // Neither a `WebSocket` that is not yet open nor an `EventSource` says that it was the page who closed it.
    patchMethod(window[name]?.prototype, 'close', (original, self, args) => {
      const isQuiet = name === 'EventSource' || (self as Connection).readyState === CONNECTING;
      const result = Reflect.apply(original, self, args);
      if (isQuiet) guard(() => open.get(self)?.('abort'));
      return result;
    }),
    listen(window, 'pagehide', endAll),
    endAll,
  ];
  return () => stops.forEach((stop) => stop());
}
