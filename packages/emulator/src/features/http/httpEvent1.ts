import { LOOPBACK, allOf, lastOf, toGatewayHeaders, toGatewayQuery } from '../../platform/gatewayHeaders.ts';
import { toLogTime } from '../../platform/logTime.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { isTextType } from './httpEvent.ts';
import type { HttpEventInput } from './httpEvent.ts';

/**
 * Makes the event that an HTTP API hands to a function in payload format 1.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 *
 * @param input the request and what the front knows about it
 */
export function toHttpEvent1(input: Omit<HttpEventInput, 'kind'>): Record<string, unknown> {
  const { request, body, routeKey, domainName, nowUnixMs } = input;
  const [path, rawQueryString] = splitUrl(request.url ?? '/');
  const headers = toGatewayHeaders(request, input.traceId, domainName);
  const query = toGatewayQuery(rawQueryString);
  const isText = isTextType(request.headers['content-type']);
  const resource = routeKey.split(' ').at(-1)!;
  return {
    version: '1.0',
    resource,
    path,
    httpMethod: request.method,
    headers: lastOf(headers),
    multiValueHeaders: allOf(headers),
    queryStringParameters: query.length === 0 ? null : lastOf(query),
    multiValueQueryStringParameters: query.length === 0 ? null : allOf(query),
    requestContext: {
      accountId: input.accountId,
      apiId: input.apiId,
      authorizer: { claims: null, scopes: null },
      domainName,
      domainPrefix: domainName.split('.')[0],
      extendedRequestId: input.requestId,
      httpMethod: request.method,
      identity: {
        accessKey: null,
        accountId: null,
        caller: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: request.socket.remoteAddress ?? LOOPBACK,
        user: null,
        userAgent: request.headers['user-agent'] ?? '',
        userArn: null,
      },
      path,
      protocol: `HTTP/${request.httpVersion}`,
      requestId: input.requestId,
      requestTime: toLogTime(nowUnixMs),
      requestTimeEpoch: Math.floor(nowUnixMs),
      resourceId: null,
      resourcePath: resource,
      stage: '$default',
    },
    pathParameters: input.pathParameters ?? null,
    stageVariables: null,
    body: body.length === 0 ? null : body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
