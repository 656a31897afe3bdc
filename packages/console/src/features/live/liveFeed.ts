import type { ServerResponse } from 'node:http';
import type { LiveTraces } from '../../api/types.ts';

/** Tells open pages about traces that were stored. */
export interface LiveFeed {
  /** Notes that spans of these traces are in the store now; listeners hear of them within `INTERVAL_MS`. */
  readonly announce: (traceIds: Iterable<string>) => void;
  /** Turns a response into a stream of server-sent events; answers `false` when there are too many already. */
  readonly subscribe: (response: ServerResponse) => boolean;
  readonly stop: () => void;
}

/** Often enough to look immediate, seldom enough that a page can read the list in between. */
const INTERVAL_MS = 200;
/** Proxies and browsers give up a stream that is silent for long. */
const HEARTBEAT_MS = 15_000;
const MAX_LISTENERS = 100;
/** A page shows no more rows than this; beyond it only needs to know that there is more. */
const MAX_TRACE_IDS = 200;
/** A page that does not read is let go rather than remembered. */
const MAX_BUFFERED_BYTES = 1_000_000;

/** Starts a feed without listeners. */
export function startLiveFeed(): LiveFeed {
  const listeners = new Set<ServerResponse>();
  let waiting = new Set<string>();
  let more = false;
  let timer: NodeJS.Timeout | undefined;

  const write = (text: string): void => {
    for (const response of listeners) {
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
      else response.write(text);
    }
  };
  const flush = (): void => {
    timer = undefined;
    const data: LiveTraces = { traceIds: [...waiting], more };
    waiting = new Set();
    more = false;
    write(`event: traces\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
  heartbeat.unref();

  return {
    announce(traceIds: Iterable<string>): void {
      if (listeners.size === 0) return;
      for (const traceId of traceIds) {
        if (waiting.size >= MAX_TRACE_IDS) {
          more = true;
          break;
        }
        waiting.add(traceId);
      }
      if (waiting.size > 0) timer ??= setTimeout(flush, INTERVAL_MS);
    },
    subscribe(response: ServerResponse): boolean {
      if (listeners.size >= MAX_LISTENERS) return false;
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      // Come back soon after the console was started anew.
      response.write('retry: 1000\n\n');
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
      return true;
    },
    stop(): void {
      clearTimeout(timer);
      clearInterval(heartbeat);
      for (const response of listeners) response.end();
    },
  };
}
