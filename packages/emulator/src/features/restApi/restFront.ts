import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FunctionReply, InvokeFunction } from '../../functionCall.ts';
import { withinMs } from '../../functionCall.ts';
import type { Clock } from '../../platform/clock.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { sendReply, toJsonReply } from '../../platform/httpResponse.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { createAuthorize } from './authorize.ts';
import type { Authorization } from './authorize.ts';
import { matchesMediaType } from './mediaTypes.ts';
import { DEFAULT_INTEGRATION_TIMEOUT_MS, DEFAULT_STAGE } from './restApiConfig.ts';
import type { RestApiConfig, RestCorsConfig } from './restApiConfig.ts';
import { toRestAnswer } from './restAnswer.ts';
import { toRestEvent } from './restEvent.ts';
import { createResourceMatcher } from './restResources.ts';

export interface RestFrontOptions {
  readonly config: RestApiConfig;
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly invoke: InvokeFunction;
  readonly toTraceId: (incoming: string | undefined) => string;
  readonly clock: Clock;
}

/** A REST API, listening. */
export interface RestFront {
  /** `http://127.0.0.1:<port>/<stage>`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Quotas for REST APIs, "Payload size". */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** What a function takes as an event, with all that the front adds. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024 + 100;

/** The gateway's own answers (API Gateway developer guide, "Gateway response types"). */
const GATEWAY_RESPONSES = {
  unknownStage: gatewayResponse(403, 'Forbidden', 'ForbiddenException'),
  unknownResource: gatewayResponse(
    403,
    'Missing Authentication Token',
    'MissingAuthenticationTokenException',
  ),
  tooLong: gatewayResponse(413, 'HTTP content length exceeded 10485760 bytes.', 'RequestTooLargeException'),
  tooLongEvent: gatewayResponse(413, 'Request Too Long', 'RequestTooLargeException'),
  unauthorized: gatewayResponse(401, 'Unauthorized', 'UnauthorizedException'),
  denied: denial('User is not authorized to access this resource'),
  explicitlyDenied: denial('User is not authorized to access this resource with an explicit deny'),
  authorizerFailed: gatewayResponse(500, null, 'AuthorizerConfigurationException'),
  failed: gatewayResponse(502, 'Internal server error', 'InternalServerErrorException'),
  throttled: gatewayResponse(500, 'Internal server error', 'InternalServerErrorException'),
  late: gatewayResponse(504, 'Endpoint request timed out', 'InternalServerErrorException'),
} as const;

/**
 * Starts a REST API.
 *
 * @param options the API, and the functions behind it
 * @returns the API, listening; throws an EmulatorError that names a method which cannot be read
 */
export async function startRestFront(options: RestFrontOptions): Promise<RestFront> {
  const { config } = options;
  const { stage = DEFAULT_STAGE, cors, binaryMediaTypes = [] } = config;
  const match = createResourceMatcher(config.methods);
  const authorize = createAuthorize(options.clock);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const traceId = options.toTraceId(request.headersDistinct['x-amzn-trace-id']?.[0]);
    const result = await run(request, requestId, traceId);
    const ids = [
      ['x-amzn-requestid', requestId],
      ['x-amz-apigw-id', `${requestId.replaceAll('-', '').slice(0, 15)}=`],
      ...('fromFunction' in result ? [['x-amzn-trace-id', traceId] as const] : []),
    ] as const;
    const isHead = request.method === 'HEAD';
    try {
      sendReply(response, { ...result, headers: [...result.headers, ...ids] }, isHead);
    } catch {
      const failed = own(GATEWAY_RESPONSES.failed);
      sendReply(response, { ...failed, headers: [...failed.headers, ...ids] }, isHead);
    }
  }

  /** The gateway's own answers carry the origin too, or a page could not read them. */
  function own(reply: HttpReply): HttpReply {
    return { ...reply, headers: [...reply.headers, ...(cors ? toOriginHeaders(cors) : [])] };
  }

  async function run(
    request: IncomingMessage,
    requestId: string,
    traceId: string,
  ): Promise<HttpReply | (HttpReply & { readonly fromFunction: true })> {
    const method = request.method ?? 'GET';
    const [url, rawQueryString] = splitUrl(request.url ?? '/');
    const body = await readRequestBody(request, MAX_BODY_BYTES);
    if (url !== `/${stage}` && !url.startsWith(`/${stage}/`)) return own(GATEWAY_RESPONSES.unknownStage);
    const path = url.slice(stage.length + 1) || '/';
    const found = match(method, path);
    if (!found) return own(GATEWAY_RESPONSES.unknownResource);
    if (!found.method)
      return cors && method === 'OPTIONS' ? toMockAnswer(cors) : own(GATEWAY_RESPONSES.unknownResource);
    if (body.status === 'tooLarge') return own(GATEWAY_RESPONSES.tooLong);
    const { function: functionName, authorizer } = found.method;
    const plain = toRestEvent({
      request,
      body: body.bytes,
      path,
      rawQueryString,
      resource: found.resource,
      pathParameters: found.pathParameters,
      stage,
      stageVariables: config.stageVariables,
      binaryMediaTypes,
      traceId,
      requestId,
      apiId: options.apiId,
      accountId: options.accountId,
      domainName: request.headers.host ?? server.authority,
      nowUnixMs: options.clock(),
    });
    const authorization: Authorization = authorizer
      ? await authorize({
          authorizer,
          headerOf: (name) => request.headersDistinct[name]?.at(-1),
          methodArn: toMethodArn(method, path),
          event: plain,
          invoke: (toBeDecided) => call(authorizer.function, toBeDecided, traceId),
        })
      : ANYBODY;
    if (authorization.status === 'failed') return own(GATEWAY_RESPONSES.authorizerFailed);
    if (authorization.status !== 'allowed') return own(GATEWAY_RESPONSES[authorization.status]);
    const event = authorizer ? withAuthorizer(plain, authorization.context) : plain;
    const payload = Buffer.from(JSON.stringify(event));
    if (payload.length > MAX_EVENT_BYTES) return own(GATEWAY_RESPONSES.tooLongEvent);
    const reply = await withinMs(
      config.integrationTimeoutMs ?? DEFAULT_INTEGRATION_TIMEOUT_MS,
      options.invoke(functionName, { payload, requestId: randomUUID(), traceId }),
    );
    if (!reply) return own(GATEWAY_RESPONSES.late);
    if (reply.status === 'throttled') return own(GATEWAY_RESPONSES.throttled);
    const decodes = binaryMediaTypes.length > 0 && matchesMediaType(binaryMediaTypes, request.headers.accept);
    const answered = reply.status === 'ok' ? toRestAnswer(reply.payload, decodes) : undefined;
    return answered ? { ...answered, fromFunction: true } : own(GATEWAY_RESPONSES.failed);
  }

  function call(functionName: string, event: unknown, traceId: string): Promise<FunctionReply> {
    const payload = Buffer.from(JSON.stringify(event));
    return options.invoke(functionName, { payload, requestId: randomUUID(), traceId });
  }

  function toMethodArn(method: string, path: string): string {
    const { region, accountId, apiId } = options;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${method}${path}`;
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }, config.port);
  return { url: `http://${server.authority}/${stage}`, stop: () => server.stop() };
}

const ANYBODY: Authorization = { status: 'allowed', context: {} };

/** The method's function sees what the authorizer said. */
function withAuthorizer(
  event: Readonly<Record<string, unknown>>,
  authorizer: Readonly<Record<string, string | number>>,
): Record<string, unknown> {
  return { ...event, requestContext: { ...(event['requestContext'] as object), authorizer } };
}

/** What the console's "Enable CORS" makes: a mock that answers 200 with fixed headers. */
function toMockAnswer(cors: RestCorsConfig): HttpReply {
  const { allowMethods = [], allowHeaders = [], maxAgeSeconds } = cors;
  return {
    statusCode: 200,
    headers: [
      ['content-type', 'application/json'],
      ...toOriginHeaders(cors),
      ...(allowMethods.length > 0 ? [['access-control-allow-methods', allowMethods.join(',')] as const] : []),
      ...(allowHeaders.length > 0 ? [['access-control-allow-headers', allowHeaders.join(',')] as const] : []),
      ...(maxAgeSeconds === undefined ? [] : [['access-control-max-age', String(maxAgeSeconds)] as const]),
    ],
    body: Buffer.alloc(0),
  };
}

function toOriginHeaders({
  allowOrigin,
  allowCredentials,
}: RestCorsConfig): readonly (readonly [string, string])[] {
  return [
    ['access-control-allow-origin', allowOrigin],
    ...(allowCredentials ? [['access-control-allow-credentials', 'true'] as const] : []),
  ];
}

function denial(message: string): HttpReply {
  return toJsonReply(403, { Message: message }, { 'x-amzn-errortype': 'AccessDeniedException' });
}

function gatewayResponse(statusCode: number, message: string | null, errorType: string): HttpReply {
  return toJsonReply(statusCode, { message }, { 'x-amzn-errortype': errorType });
}
