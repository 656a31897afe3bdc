import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from '../api/types.ts';
import { refuseAccess } from '../features/access/accessPolicy.ts';
import type { Engine } from '../features/engine/superviseEngine.ts';
import type { LiveFeed } from '../features/live/liveFeed.ts';
import type { PageFiles } from '../features/pages/pageFiles.ts';
import { servePage } from '../features/pages/servePage.ts';
import { answerQuery, sendJson, toApiError } from '../features/query/queryApi.ts';

/** What the console's listener shows. */
export interface ConsoleRoutesOptions {
  readonly engine: Engine;
  readonly live: LiveFeed;
  readonly pages: PageFiles;
  readonly collectorUrl: () => string;
  readonly allowedHosts: readonly string[];
  readonly log: (line: string) => void;
}

/** Who asks for health wants to know now: an engine that takes longer is not well. */
const HEALTH_TIMEOUT_MS = 3_000;

/** Creates the request handler of the console's listener: query API, live events and pages. */
export function createConsoleRoutes(
  options: ConsoleRoutesOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const query = { client: options.engine.client, nowUnixMs: Date.now, log: options.log };
  return (request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const refusal = refuseAccess(request.headers, options.allowedHosts);
    if (refusal !== undefined) {
      sendJson(response, 403, toApiError('forbidden', refusal));
      return;
    }
    const url = parseUrl(request.url);
    if (!url) sendJson(response, 400, toApiError('bad_path', 'This is not a path.'));
    else if (url.pathname === '/api/live' && request.method === 'GET') answerLive(response, options.live);
    else if (url.pathname === '/api/health') void answerHealth(response, options);
    else if (url.pathname === '/api' || url.pathname.startsWith('/api/')) {
      void answerQuery(request, response, url, query);
    } else servePage(request, response, options.pages, url.pathname);
  };
}

/** The path may be anything that a sender can write, such as `//` or a whole address. */
function parseUrl(path: string | undefined): URL | undefined {
  try {
    return path?.startsWith('/') ? new URL(`http://console${path}`) : undefined;
  } catch {
    return undefined;
  }
}

function answerLive(response: ServerResponse, live: LiveFeed): void {
  if (!live.subscribe(response))
    sendJson(response, 503, toApiError('too_many', 'Too many pages listen already.'));
}

async function answerHealth(response: ServerResponse, options: ConsoleRoutesOptions): Promise<void> {
  const { engine } = options;
  const client = engine.client();
  const status = !client
    ? 'starting'
    : (await client.ping(HEALTH_TIMEOUT_MS)) === 'ok'
      ? 'ok'
      : 'unavailable';
  const health: Health = { status, engine: engine.kind, collectorUrl: options.collectorUrl() };
  sendJson(response, status === 'ok' ? 200 : 503, health);
}
