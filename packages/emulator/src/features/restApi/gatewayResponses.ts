import { toJsonReply } from '../../platform/httpResponse.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';

/** A way in which the gateway answers by itself. */
export type GatewayResponse =
  | 'unknownStage'
  | 'unknownResource'
  | 'tooLong'
  | 'tooLongEvent'
  | 'unauthorized'
  | 'denied'
  | 'explicitlyDenied'
  | 'authorizerFailed'
  | 'failed'
  | 'throttled'
  | 'late';

/** The gateway's own answers (API Gateway developer guide, "Gateway response types"). */
export const GATEWAY_RESPONSES: Readonly<Record<GatewayResponse, HttpReply>> = {
  unknownStage: toResponse(403, 'Forbidden', 'ForbiddenException'),
  unknownResource: toResponse(403, 'Missing Authentication Token', 'MissingAuthenticationTokenException'),
  tooLong: toResponse(413, 'HTTP content length exceeded 10485760 bytes.', 'RequestTooLargeException'),
  tooLongEvent: toResponse(413, 'Request Too Long', 'RequestTooLargeException'),
  unauthorized: toResponse(401, 'Unauthorized', 'UnauthorizedException'),
  denied: toDenial('User is not authorized to access this resource'),
  explicitlyDenied: toDenial('User is not authorized to access this resource with an explicit deny'),
  authorizerFailed: toResponse(500, null, 'AuthorizerConfigurationException'),
  failed: toResponse(502, 'Internal server error', 'InternalServerErrorException'),
  throttled: toResponse(500, 'Internal server error', 'InternalServerErrorException'),
  late: toResponse(504, 'Endpoint request timed out', 'InternalServerErrorException'),
};

function toDenial(message: string): HttpReply {
  return toJsonReply(403, { Message: message }, { 'x-amzn-errortype': 'AccessDeniedException' });
}

function toResponse(statusCode: number, message: string | null, errorType: string): HttpReply {
  return toJsonReply(statusCode, { message }, { 'x-amzn-errortype': errorType });
}
