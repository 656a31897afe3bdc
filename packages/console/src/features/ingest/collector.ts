import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SpanGroup } from '../../spanRow.ts';
import { createByteBudget } from './byteBudget.ts';
import type { ByteBudget } from './byteBudget.ts';
import type { CommitOutcome } from './commitQueue.ts';
import { isExplosive } from './jsonShape.ts';
import type { IngestLimits } from './limits.ts';
import { STORED, toErrorAnswer, toPartialAnswer } from './otlpAnswer.ts';
import type { OtlpAnswer } from './otlpAnswer.ts';
import { toTimeWindow } from './parseSpan.ts';
import { parseTraces } from './parseTraces.ts';
import type { ParsedTraces } from './parseTraces.ts';
import { readBody } from './readBody.ts';
import type { BodyOutcome } from './readBody.ts';

/** What became of a request's spans. */
export type StoreOutcome =
  | CommitOutcome
  /** Their rows would be too large; nothing was stored. */
  | { readonly status: 'too-large'; readonly maxBytes: number };

/** What the collector hands its spans to. */
export interface CollectorOptions {
  /** Stores spans; `bodyBytes` tells about how much they are. */
  readonly store: (groups: readonly SpanGroup[], bodyBytes: number) => Promise<StoreOutcome>;
  /** Whether storing can succeed at all just now; when not, bodies are not even read. */
  readonly isReady: () => boolean;
  readonly limits: IngestLimits;
  readonly nowUnixMs: () => number;
  readonly log: (line: string) => void;
}

const TRACES_PATH = '/v1/traces';
const ALLOWED_METHODS = 'POST, OPTIONS';
const PREFLIGHT_MAX_AGE_S = 7_200;
/** An engine that was killed is back within a second. */
const RETRY_AFTER_S = 1;
/** `navigator.sendBeacon` sends text/plain unless it is to cost a preflight. */
const ACCEPTED_TYPES: ReadonlySet<string> = new Set(['application/json', 'text/plain']);
/** How long a sender that was refused may go on sending before its connection is cut. */
const REFUSED_GRACE_MS = 1_000;

/** Creates the request handler of the collector's listener. */
export function createCollector(
  options: CollectorOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const budget = createByteBudget(options.limits.maxBytesInFlight);
  return (request, response) => {
    addCorsHeaders(request, response);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    // Within a promise from the first step on, so that nothing it could throw passes the catch.
    new Promise<OtlpAnswer>((resolve) => resolve(answerRequest(request, options, budget)))
      .catch((error: unknown) => {
        options.log(`a request failed: ${error instanceof Error ? error.stack : String(error)}`);
        return toErrorAnswer(500, 'The collector failed; its log tells more.');
      })
      .then((answer) => send(request, response, answer))
      .catch(() => response.destroy());
  };
}

function answerRequest(
  request: IncomingMessage,
  options: CollectorOptions,
  budget: ByteBudget,
): Promise<OtlpAnswer> {
  const refusal = checkHead(request, options);
  if (refusal) return Promise.resolve(refusal);
  const gzip = request.headers['content-encoding']?.trim().toLowerCase() === 'gzip';
  // Not awaited here: an async function would keep body and document in memory while the engine stores.
  return readBody(request, gzip, options.limits, budget).then((body) =>
    body.status === 'read' ? answerBody(body.bytes, options) : toBodyRefusal(body),
  );
}

function toBodyRefusal(body: Exclude<BodyOutcome, { status: 'read' }>): OtlpAnswer {
  if (body.status === 'too-large')
    return toErrorAnswer(413, `The body is larger than ${body.maxBytes} bytes.`);
  if (body.status === 'bad-encoding') return toErrorAnswer(400, 'The body is not valid gzip.');
  if (body.status === 'aborted') return toErrorAnswer(400, 'The body ended early.');
  return toErrorAnswer(429, 'Too much is being received at once.', { retryAfterS: RETRY_AFTER_S });
}

function checkHead(request: IncomingMessage, { isReady }: CollectorOptions): OtlpAnswer | undefined {
  const path = request.url?.split('?', 1)[0];
  if (path !== TRACES_PATH) {
    return toErrorAnswer(404, `Unknown path; traces go to ${TRACES_PATH}.`);
  }
  if (request.method !== 'POST') {
    return toErrorAnswer(405, 'Only POST is understood here.', { accept: ALLOWED_METHODS });
  }
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!ACCEPTED_TYPES.has(type)) {
    const hint = type === 'application/x-protobuf' ? ' Set OTEL_EXPORTER_OTLP_PROTOCOL=http/json.' : '';
    return toErrorAnswer(415, `Send OTLP as application/json.${hint}`, { accept: 'application/json' });
  }
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity') {
    return toErrorAnswer(415, 'The only Content-Encoding understood is gzip.');
  }
  if (!isReady()) return unavailable();
  return undefined;
}

function answerBody(bytes: Buffer, options: CollectorOptions): OtlpAnswer | Promise<OtlpAnswer> {
  if (isExplosive(bytes)) return toErrorAnswer(400, 'The body is not a trace request.');
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString('utf8'));
  } catch {
    return toErrorAnswer(400, 'The body is not valid JSON.');
  }
  const window = toTimeWindow(options.nowUnixMs(), options.limits.maxSpanAgeDays);
  const parsed = parseTraces(document, window);
  if (parsed.status === 'malformed') {
    return toErrorAnswer(400, `Not a valid trace request: ${parsed.reason}.`);
  }
  if (parsed.accepted === 0) return STORED;
  const whenStored = toStoredAnswer(parsed);
  return options
    .store(parsed.groups, bytes.length)
    .then((outcome) => toOutcomeAnswer(outcome, whenStored, options));
}

function toOutcomeAnswer(
  outcome: StoreOutcome,
  whenStored: OtlpAnswer,
  { log }: CollectorOptions,
): OtlpAnswer {
  if (outcome.status === 'stored') return whenStored;
  if (outcome.status === 'unavailable') return unavailable();
  if (outcome.status === 'full') {
    return toErrorAnswer(429, 'The engine lags behind.', { retryAfterS: RETRY_AFTER_S });
  }
  if (outcome.status === 'too-large') {
    return toErrorAnswer(
      413,
      `With its resource in each, the spans take more than ${outcome.maxBytes} bytes; send fewer at once.`,
    );
  }
  log(`the engine refused rows: ${outcome.reason}`);
  return toErrorAnswer(500, 'The engine refused the spans; the log tells more.');
}

function toStoredAnswer(parsed: Extract<ParsedTraces, { status: 'parsed' }>): OtlpAnswer {
  const { rejected, firstReason, losses } = parsed;
  const messages: string[] = [];
  if (rejected > 0) messages.push(`${rejected} spans were rejected, the first because ${firstReason}.`);
  if (losses.cutValues > 0) messages.push(`${losses.cutValues} texts were cut.`);
  if (losses.droppedItems > 0)
    messages.push(`${losses.droppedItems} attributes, events or links were left out.`);
  return messages.length > 0 ? toPartialAnswer(rejected, messages.join(' ')) : STORED;
}

function unavailable(): OtlpAnswer {
  return toErrorAnswer(503, 'The engine is away for a moment.', { retryAfterS: RETRY_AFTER_S });
}

/**
 * Any page may write: the collector gives nothing back, and telemetry comes from wherever the user's app is
 * served. The origin is echoed with credentials allowed because `sendBeacon` always sends them; there are none
 * that mean anything here.
 */
function addCorsHeaders(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  response.setHeader('Access-Control-Allow-Origin', origin ?? '*');
  if (origin !== undefined) {
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Vary', 'Origin');
  }
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('Access-Control-Allow-Methods', ALLOWED_METHODS);
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_S));
  const asked = request.headers['access-control-request-headers'];
  if (asked !== undefined && /^[\w\-, ]{1,1000}$/.test(asked)) {
    response.setHeader('Access-Control-Allow-Headers', asked);
  }
  if (request.headers['access-control-request-private-network'] === 'true') {
    response.setHeader('Access-Control-Allow-Private-Network', 'true');
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: OtlpAnswer): void {
  if (response.destroyed) return;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(answer.body));
  if (answer.retryAfterS !== undefined) response.setHeader('Retry-After', answer.retryAfterS);
  if (answer.httpStatus === 405 && answer.accept) response.setHeader('Allow', answer.accept);
  if (answer.httpStatus === 415 && answer.accept) response.setHeader('Accept', answer.accept);
  if (!request.complete) {
    // Read on for a moment: a connection that is cut while the sender still writes loses the answer.
    request.resume();
    const cut = setTimeout(() => request.socket.destroy(), REFUSED_GRACE_MS);
    request.once('close', () => clearTimeout(cut));
  }
  response.writeHead(answer.httpStatus).end(answer.body);
}
