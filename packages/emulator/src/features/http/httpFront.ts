import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { withinMs } from '../../platform/invocation.ts';
import type { InvokeFunction } from '../../platform/invocation.ts';
import type { JsonObject } from '../../platform/json.ts';
import { createAskAuthorizer } from '../../platform/lambdaAuthorizer.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import type { CorsConfig } from './cors.ts';
import { isPreflight, toCorsHeaders, toPreflightHeaders } from './cors.ts';
import type { HttpAnswer } from './httpAnswer.ts';
import { toHttpAnswer, toHttpAnswer1 } from './httpAnswer.ts';
import { authorizeHttp } from './httpAuthorizer.ts';
import type { HttpAuthorizer, PayloadFormat } from './httpAuthorizer.ts';
import { createAuthorizeJwt } from './jwtAuthorizer.ts';
import type { JwtContext } from './jwtAuthorizer.ts';
import { toHttpEvent } from './httpEvent.ts';
import type { HttpEventInput, HttpFrontKind } from './httpEvent.ts';
import { toHttpEvent1 } from './httpEvent1.ts';
import type { MatchRoute, RouteMatch } from './routes.ts';
import { createStreamedAnswer } from './streamedAnswer.ts';
import type { StreamedAnswer } from './streamedAnswer.ts';

export interface HttpFrontOptions {
  readonly kind: HttpFrontKind;
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly port: number;
  readonly cors: CorsConfig | undefined;
  readonly match: MatchRoute;
  readonly invoke: InvokeFunction;
  readonly toTraceId: (incoming: string | undefined) => string;
  readonly clock: Clock;
  /** How long an HTTP API waits for a function; undefined means for as long as that may take. */
  readonly integrationTimeoutMs: number | undefined;
  /** Sends on what a function streams as it comes: `InvokeMode` RESPONSE_STREAM of a function URL. */
  readonly streams?: boolean | undefined;
}

/** A way in over HTTP. */
export interface HttpFront {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  stop(): Promise<void>;
}

interface Failure {
  readonly statusCode: number;
  readonly body: string;
  readonly contentType: string;
}

/** An HTTP API takes 10 MB, a function URL the 6 MB of an invocation. */
const MAX_BODY_BYTES: Readonly<Record<HttpFrontKind, number>> = {
  httpApi: 10_000_000,
  functionUrl: 6 * 1024 * 1024,
};
/** What a function takes as an event, with all that the front adds. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024 + 100;
/** What a gateway sets itself, or that would break the framing of ours. */
const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);
const CORS_HEADER = /^access-control-/i;

/** The answers of the two fronts when there is none of the function's. */
const FAILURES: Readonly<
  Record<HttpFrontKind, Readonly<Record<'notFound' | 'error' | 'throttled' | 'tooLarge', Failure>>>
> = {
  httpApi: {
    notFound: json(404, { message: 'Not Found' }),
    error: json(500, { message: 'Internal Server Error' }),
    throttled: json(503, { message: 'Service Unavailable' }),
    tooLarge: json(413, { message: 'Request Entity Too Large' }),
  },
  functionUrl: {
    notFound: json(404, { Message: null }),
    error: { statusCode: 502, body: 'Internal Server Error', contentType: 'text/plain' },
    throttled: json(429, {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    }),
    tooLarge: json(413, {
      Message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
    }),
  },
};

/** What an HTTP API says for its authorizers. */
const UNAUTHORIZED = json(401, { message: 'Unauthorized' });
const FORBIDDEN = json(403, { message: 'Forbidden' });

/**
 * Starts an HTTP API or a function URL.
 *
 * @param options which, where, and the functions behind it
 */
export async function startHttpFront(options: HttpFrontOptions): Promise<HttpFront> {
  const { kind, cors } = options;
  const ask = createAskAuthorizer(options.clock);
  const authorizeByJwt = createAuthorizeJwt(options.clock);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (cors && isPreflight(request.method, request.headers)) {
      response.writeHead(204, toPreflightHeaders(cors, request.headers)).end();
      return;
    }
    const requestId = randomUUID();
    const extra = { ...(cors ? toCorsHeaders(cors, request.headers) : {}), ...toIdHeader(kind, requestId) };
    const streamed = options.streams
      ? createStreamedAnswer(response, (head) =>
          sendHead(response, head.statusCode, toOwnHeaders(head), extra),
        )
      : undefined;
    const result = await run(request, requestId, streamed);
    if (result === 'sent') return;
    if ('contentType' in result) {
      send(
        response,
        result.statusCode,
        [['content-type', result.contentType]],
        extra,
        Buffer.from(result.body),
      );
      return;
    }
    try {
      send(response, result.statusCode, toOwnHeaders(result), extra, result.body, request.method === 'HEAD');
    } catch {
      // A header that HTTP does not allow.
      const { statusCode, contentType, body } = FAILURES[kind].error;
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      send(response, statusCode, [['content-type', contentType]], extra, Buffer.from(body));
    }
  }

  function toOwnHeaders(answer: HttpAnswer): readonly (readonly [string, string])[] {
    const { headers, moreHeaders = [], cookies } = answer;
    const all = [...Object.entries(headers), ...moreHeaders];
    const own = all.filter(([name]) => !IGNORED_HEADERS.has(name.toLowerCase()));
    // Configured for CORS, an HTTP API ignores the function's own CORS headers; a function URL sends them beside its own.
    const kept = cors && kind === 'httpApi' ? own.filter(([name]) => !CORS_HEADER.test(name)) : own;
    return [...kept, ...cookies.map((cookie): [string, string] => ['set-cookie', cookie])];
  }

  async function run(
    request: IncomingMessage,
    requestId: string,
    streamed: StreamedAnswer | undefined,
  ): Promise<HttpAnswer | Failure | 'sent'> {
    const failures = FAILURES[kind];
    const path = (request.url ?? '/').split('?')[0]!;
    const route = options.match(request.method ?? 'GET', path);
    const body = await readRequestBody(request, MAX_BODY_BYTES[kind]);
    if (!route) return failures.notFound;
    if (body.status === 'tooLarge') return failures.tooLarge;
    const traceId = options.toTraceId(request.headersDistinct['x-amzn-trace-id']?.[0]);
    const input = {
      kind,
      request,
      body: body.bytes,
      routeKey: route.routeKey,
      pathParameters: route.pathParameters,
      traceId,
      requestId,
      apiId: options.apiId,
      accountId: options.accountId,
      domainName: request.headers.host ?? server.authority,
      nowUnixMs: options.clock(),
    };
    const admitted = await admit(input, route);
    if ('refusal' in admitted) return admitted.refusal;
    const payload = Buffer.from(JSON.stringify(admitted.event));
    if (payload.length > MAX_EVENT_BYTES) return failures.tooLarge;
    const invoked = options.invoke(route.functionName, {
      payload,
      requestId: randomUUID(),
      traceId,
      sink: streamed,
    });
    const reply =
      options.integrationTimeoutMs === undefined
        ? await invoked
        : await withinMs(options.integrationTimeoutMs, invoked);
    if (reply?.status === 'ok' && streamed?.end()) return 'sent';
    if (streamed?.hasBegun()) {
      streamed.breakOff();
      return 'sent';
    }
    if (reply?.status !== 'ok') return failures[reply?.status ?? 'throttled'];
    const answered =
      route.format === '1.0' ? toHttpAnswer1(reply.payload) : toHttpAnswer(reply.payload, reply.contentType);
    return answered ?? failures.error;
  }

  /** Asks the route's authorizer, if it has one; gives the event with what it said. */
  async function admit(
    input: HttpEventInput,
    route: RouteMatch,
  ): Promise<{ readonly event: JsonObject } | { readonly refusal: Failure }> {
    const { request } = input;
    const { authorizer } = route;
    const event = toEvent(input, route.format);
    if (!authorizer) return { event };
    const authorization = await ('issuer' in authorizer
      ? authorizeByJwt(authorizer, request)
      : askLambda(input, authorizer));
    if (authorization.status === 'failed') return { refusal: FAILURES[kind].error };
    if (authorization.status === 'unauthorized') return { refusal: UNAUTHORIZED };
    if (authorization.status !== 'allowed') return { refusal: FORBIDDEN };
    const own = toAuthorizerContext(authorization.context, route.format);
    const requestContext = { ...(event['requestContext'] as object), authorizer: own };
    return { event: { ...event, requestContext } };
  }

  function askLambda(input: HttpEventInput, authorizer: HttpAuthorizer): ReturnType<typeof authorizeHttp> {
    const { region, accountId, apiId } = options;
    const path = splitUrl(input.request.url ?? '/')[0];
    return authorizeHttp(ask, {
      authorizer,
      request: input.request,
      routeArn: `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${input.request.method}${path}`,
      event: toEvent(input, authorizer.payloadFormatVersion ?? '2.0'),
      invoke: (asked) =>
        options.invoke(authorizer.function, {
          payload: Buffer.from(JSON.stringify(asked)),
          requestId: randomUUID(),
          traceId: input.traceId,
        }),
    });
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }, options.port);
  return { url: `http://${server.authority}`, stop: () => server.stop() };
}

/** A Lambda authorizer's context, or a token's claims, as each format has them. */
function toAuthorizerContext(
  authorized: JwtContext | { readonly context: JsonObject; readonly principalId?: string },
  format: PayloadFormat,
): JsonObject {
  if ('claims' in authorized) return format === '1.0' ? authorized : { jwt: authorized };
  const { context, principalId } = authorized;
  return format === '1.0' ? { ...context, ...(principalId && { principalId }) } : { lambda: context };
}

function toEvent(input: HttpEventInput, format: PayloadFormat): JsonObject {
  return format === '1.0' ? toHttpEvent1(input) : toHttpEvent(input);
}

function send(
  response: ServerResponse,
  statusCode: number,
  headers: readonly (readonly [string, string])[],
  extra: Readonly<Record<string, string>>,
  body: Buffer,
  isHead = false,
): void {
  const withLength = statusCode !== 204 && statusCode !== 304;
  sendHead(response, statusCode, headers, {
    ...extra,
    ...(withLength && { 'content-length': String(body.length) }),
  });
  response.end(isHead ? undefined : body);
}

function sendHead(
  response: ServerResponse,
  statusCode: number,
  headers: readonly (readonly [string, string])[],
  extra: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  for (const [name, value] of Object.entries(extra)) response.appendHeader(name, value);
  response.writeHead(statusCode);
}

function toIdHeader(kind: HttpFrontKind, requestId: string): Record<string, string> {
  return kind === 'httpApi' ? { 'apigw-requestid': requestId } : { 'x-amzn-requestid': requestId };
}

function json(statusCode: number, document: unknown): Failure {
  return { statusCode, body: JSON.stringify(document), contentType: 'application/json' };
}
