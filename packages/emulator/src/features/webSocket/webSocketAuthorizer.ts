import type { IncomingMessage } from 'node:http';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import type { JsonObject } from '../../platform/json.ts';
import { readTextAnswer } from '../../platform/lambdaAuthorizer.ts';
import type { AskAuthorizer, Authorization } from '../../platform/lambdaAuthorizer.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { IDENTITY_SOURCE } from './webSocketApiConfig.ts';
import type { WebSocketAuthorizer } from './webSocketApiConfig.ts';

/** What the events of a connection say of its authorizer. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

/**
 * Asks the authorizer of `$connect`; its decision is kept as long as the connection
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html).
 *
 * @param ask asks
 * @param authorizer as configured
 * @param request the handshake
 * @param methodArn of `$connect`
 * @param event that `$connect` would get
 * @param invoke runs the authorizer
 */
export function authorizeConnection(
  ask: AskAuthorizer,
  authorizer: WebSocketAuthorizer,
  request: IncomingMessage,
  { methodArn, event }: { readonly methodArn: string; readonly event: JsonObject },
  invoke: (event: unknown) => Promise<InvocationOutcome>,
): Promise<Authorization<AuthorizerContext>> {
  const { isBase64Encoded: _, ...rest } = event;
  return ask({
    authorizer: authorizer.function,
    identity: (authorizer.identitySources ?? []).map((source) => readSource(source, request)),
    resultTtlMs: 0,
    event: { type: 'REQUEST', methodArn, ...rest },
    invoke,
    read: (answer) => readTextAnswer(answer, methodArn),
  });
}

function readSource(source: string, request: IncomingMessage): string | undefined {
  const [, kind, name = ''] = IDENTITY_SOURCE.exec(source) ?? [];
  if (kind === 'header') return request.headersDistinct[name.toLowerCase()]?.at(-1);
  return new URLSearchParams(splitUrl(request.url ?? '/')[1]).getAll(name).at(-1);
}
