import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InvocationOutcome, InvokeFunction } from '../../platform/invocation.ts';
import { withinMs } from '../../platform/invocation.ts';
import type { Clock } from '../../platform/clock.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { sendReply } from '../../platform/httpResponse.ts';
import type { JsonObject } from '../../platform/json.ts';
import { createAskAuthorizer } from '../../platform/lambdaAuthorizer.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { authorize } from './authorize.ts';
import { GATEWAY_RESPONSES } from './gatewayResponses.ts';
import type { GatewayResponse } from './gatewayResponses.ts';
import { matchesMediaType } from './mediaTypes.ts';
import { DEFAULT_INTEGRATION_TIMEOUT_MS, DEFAULT_STAGE } from './restApiConfig.ts';
import type { RestApiConfig, RestMethod } from './restApiConfig.ts';
import { toRestAnswer } from './restAnswer.ts';
import { toMockAnswer, toOriginHeaders } from './restCors.ts';
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
  const ask = createAskAuthorizer(options.clock);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const traceId = options.toTraceId(request.headersDistinct['x-amzn-trace-id']?.[0]);
    const ids = [
      ['x-amzn-requestid', requestId],
      ['x-amz-apigw-id', `${requestId.replaceAll('-', '').slice(0, 15)}=`],
    ] as const;
    const send = (reply: HttpReply): void =>
      sendReply(response, { ...reply, headers: [...reply.headers, ...ids] }, request.method === 'HEAD');
    const result = await run(request, requestId, traceId);
    if (typeof result === 'string') return send(toOwn(result));
    try {
      send(result);
    } catch {
      // A header that HTTP does not allow.
      send(toOwn('failed'));
    }
  }

  /** The gateway's own answers carry the origin too, or a page could not read them. */
  function toOwn(response: GatewayResponse): HttpReply {
    const reply = GATEWAY_RESPONSES[response];
    return { ...reply, headers: [...reply.headers, ...(cors ? toOriginHeaders(cors) : [])] };
  }

  async function run(
    request: IncomingMessage,
    requestId: string,
    traceId: string,
  ): Promise<HttpReply | GatewayResponse> {
    const name = request.method ?? 'GET';
    const [url, rawQueryString] = splitUrl(request.url ?? '/');
    const body = await readRequestBody(request, MAX_BODY_BYTES);
    if (url !== `/${stage}` && !url.startsWith(`/${stage}/`)) return 'unknownStage';
    const path = url.slice(stage.length + 1) || '/';
    const found = match(name, path);
    if (!found?.method) return found && cors && name === 'OPTIONS' ? toMockAnswer(cors) : 'unknownResource';
    if (body.status === 'tooLarge') return 'tooLong';
    const { resource, pathParameters, method } = found;
    const event = toRestEvent({
      request,
      body: body.bytes,
      path,
      rawQueryString,
      resource,
      pathParameters,
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
    const admitted = await admit(request, method, toMethodArn(name, path), event, traceId);
    return typeof admitted === 'string' ? admitted : integrate(request, method, admitted, traceId);
  }

  /** Asks the method's authorizer, if it has one; gives the event with what it said. */
  async function admit(
    { headersDistinct }: IncomingMessage,
    { authorizer }: RestMethod,
    methodArn: string,
    event: JsonObject,
    traceId: string,
  ): Promise<JsonObject | GatewayResponse> {
    if (!authorizer) return event;
    const authorization = await authorize(ask, {
      authorizer,
      headerOf: (name) => headersDistinct[name]?.at(-1),
      methodArn,
      event,
      invoke: (asked) => call(authorizer.function, Buffer.from(JSON.stringify(asked)), traceId),
    });
    if (authorization.status === 'failed') return 'authorizerFailed';
    return authorization.status === 'allowed'
      ? withAuthorizer(event, authorization.context)
      : authorization.status;
  }

  async function integrate(
    { headers }: IncomingMessage,
    { function: functionName }: RestMethod,
    event: JsonObject,
    traceId: string,
  ): Promise<HttpReply | GatewayResponse> {
    const payload = Buffer.from(JSON.stringify(event));
    if (payload.length > MAX_EVENT_BYTES) return 'tooLongEvent';
    const timeoutMs = config.integrationTimeoutMs ?? DEFAULT_INTEGRATION_TIMEOUT_MS;
    const reply = await withinMs(timeoutMs, call(functionName, payload, traceId));
    if (reply?.status === 'throttled') return 'throttled';
    if (reply?.status !== 'ok') return reply ? 'failed' : 'late';
    const decodes = binaryMediaTypes.length > 0 && matchesMediaType(binaryMediaTypes, headers.accept);
    const answered = toRestAnswer(reply.payload, decodes);
    return answered
      ? { ...answered, headers: [...answered.headers, ['x-amzn-trace-id', traceId]] }
      : 'failed';
  }

  function call(functionName: string, payload: Buffer, traceId: string): Promise<InvocationOutcome> {
    return options.invoke(functionName, { payload, requestId: randomUUID(), traceId });
  }

  function toMethodArn(name: string, path: string): string {
    const { region, accountId, apiId } = options;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${name}${path}`;
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }, config.port);
  return { url: `http://${server.authority}/${stage}`, stop: () => server.stop() };
}

/** The method's function sees what the authorizer said. */
function withAuthorizer(
  event: JsonObject,
  authorizer: Readonly<Record<string, string | number>>,
): JsonObject {
  return { ...event, requestContext: { ...(event['requestContext'] as object), authorizer } };
}
