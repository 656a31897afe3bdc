import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LOOPBACK, allOf, lastOf, toGatewayHeaders, toGatewayQuery } from '../../platform/gatewayHeaders.ts';
import { toLogTime } from '../../platform/logTime.ts';
import { matchesMediaType } from './mediaTypes.ts';

/** What a proxy event is made from. */
export interface RestEventInput {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  /** Path without the stage, and query, both as they were sent. */
  readonly path: string;
  readonly rawQueryString: string;
  readonly resource: string;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly binaryMediaTypes: readonly string[];
  readonly traceId: string;
  readonly requestId: string;
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
  readonly nowUnixMs: number;
}

/**
 * Makes the event that a REST API's Lambda proxy integration hands to a function, by the API Gateway developer guide,
 * "Input format of a Lambda function for proxy integration".
 *
 * @param input the request and what the front knows about it
 */
export function toRestEvent(input: RestEventInput): Record<string, unknown> {
  const { request, body } = input;
  const headers = toGatewayHeaders(request, input.traceId, input.domainName);
  const query = toGatewayQuery(input.rawQueryString);
  const isBinary = matchesMediaType(input.binaryMediaTypes, request.headers['content-type']);
  return {
    resource: input.resource,
    path: input.path,
    httpMethod: request.method,
    headers: lastOf(headers),
    multiValueHeaders: allOf(headers),
    queryStringParameters: query.length === 0 ? null : lastOf(query),
    multiValueQueryStringParameters: query.length === 0 ? null : allOf(query),
    pathParameters: input.pathParameters ?? null,
    stageVariables: input.stageVariables ?? null,
    requestContext: toRequestContext(input),
    body: body.length === 0 ? null : body.toString(isBinary ? 'base64' : 'utf8'),
    isBase64Encoded: body.length > 0 && isBinary,
  };
}

function toRequestContext(input: RestEventInput): Record<string, unknown> {
  const { request, nowUnixMs, domainName, stage, apiId } = input;
  return {
    resourceId: toShortId(input.resource, 6),
    resourcePath: input.resource,
    httpMethod: request.method,
    extendedRequestId: `${toShortId(input.requestId, 15)}=`,
    requestTime: toLogTime(nowUnixMs),
    path: `/${stage}${input.path}`,
    accountId: input.accountId,
    protocol: `HTTP/${request.httpVersion}`,
    stage,
    domainPrefix: domainName.split('.')[0],
    requestTimeEpoch: Math.floor(nowUnixMs),
    requestId: input.requestId,
    // Nobody is known without an authorizer.
    identity: {
      cognitoIdentityPoolId: null,
      accountId: null,
      cognitoIdentityId: null,
      caller: null,
      sourceIp: request.socket.remoteAddress ?? LOOPBACK,
      principalOrgId: null,
      accessKey: null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: null,
      userAgent: request.headers['user-agent'] ?? null,
      user: null,
    },
    domainName,
    deploymentId: toShortId(`${apiId}/${stage}`, 6),
    apiId,
  };
}

/** Letters and digits, always the same for the same text. */
function toShortId(text: string, length: number): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .slice(0, length);
}
