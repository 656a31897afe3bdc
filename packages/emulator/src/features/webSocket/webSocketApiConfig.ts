import { refuseOption, refuseOutOfRange, refuseTwice } from '../../platform/optionFaults.ts';

/** A WebSocket API (API Gateway) in front of functions. */
export interface WebSocketApiConfig {
  readonly name: string;
  /** The port to prefer; a taken one is passed over, 0 or none means any. */
  readonly port?: number | undefined;
  /** The stage, which is the path of every connection; `prod`. */
  readonly stage?: string | undefined;
  readonly stageVariables?: Readonly<Record<string, string>> | undefined;
  /** Where a message says which route it takes; `$request.body.action`. */
  readonly routeSelectionExpression?: string | undefined;
  readonly routes: readonly WebSocketRoute[];
  /** How long a function may take, 50 to 29,000; 29,000. */
  readonly integrationTimeoutMs?: number | undefined;
  /** A connection without messages ends after so long; 600,000, as on AWS. */
  readonly idleTimeoutMs?: number | undefined;
  /** Every connection ends after so long; 7,200,000, as on AWS. */
  readonly maxConnectionMs?: number | undefined;
}

/** A route and the function behind it. */
export interface WebSocketRoute {
  /** `$connect`, `$disconnect`, `$default`, or what a message selects. */
  readonly route: string;
  /** Name of the function. */
  readonly function: string;
  /** Whether the route has a route response, so that what the function returns as `body` is sent back; false. */
  readonly routeResponse?: boolean | undefined;
  /** Who decides whether a connection may be made; of `$connect` only, none when left out. */
  readonly authorizer?: WebSocketAuthorizer | undefined;
}

/** A Lambda authorizer of a WebSocket API. */
export interface WebSocketAuthorizer {
  /** Name of the function that decides. */
  readonly function: string;
  /** What must be there: `route.request.header.Auth`, `route.request.querystring.token`; nothing. */
  readonly identitySources?: readonly string[] | undefined;
}

export const IDENTITY_SOURCE: RegExp = /^route\.request\.(header|querystring)\.(\S+)$/;

export const WEB_SOCKET_DEFAULTS = {
  stage: 'prod',
  routeSelectionExpression: '$request.body.action',
  integrationTimeoutMs: 29_000,
  idleTimeoutMs: 600_000,
  maxConnectionMs: 7_200_000,
} as const;

const LEAST_INTEGRATION_TIMEOUT_MS = 50;

/** Throws an EmulatorError when AWS would not take a configuration. */
export function refuseWebSocketFaults(config: WebSocketApiConfig): void {
  const what = `WebSocket API ${config.name}`;
  const { stage, routeSelectionExpression } = { ...WEB_SOCKET_DEFAULTS, ...config };
  if (!/^\w{1,128}$/.test(stage ?? '')) refuseOption(what, `stage "${stage}": letters, digits and _ only`);
  if (!/^\$request\.body(\.[\w-]+)+$/.test(routeSelectionExpression ?? ''))
    refuseOption(
      what,
      `routeSelectionExpression "${routeSelectionExpression}" must be like $request.body.action`,
    );
  const routes = config.routes.map(({ route }) => ({ name: route }));
  refuseTwice(`${what}: route`, routes);
  if (routes.some(({ name }) => name === '')) refuseOption(what, 'a route must have a key');
  for (const { route, authorizer } of config.routes)
    if (authorizer) refuseAuthorizer(what, route, authorizer);
  refuseOutOfRange(
    what,
    'integrationTimeoutMs',
    config.integrationTimeoutMs,
    LEAST_INTEGRATION_TIMEOUT_MS,
    WEB_SOCKET_DEFAULTS.integrationTimeoutMs,
  );
  refuseOutOfRange(what, 'idleTimeoutMs', config.idleTimeoutMs, 1, WEB_SOCKET_DEFAULTS.idleTimeoutMs);
  refuseOutOfRange(what, 'maxConnectionMs', config.maxConnectionMs, 1, WEB_SOCKET_DEFAULTS.maxConnectionMs);
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html */
function refuseAuthorizer(what: string, route: string, { identitySources = [] }: WebSocketAuthorizer): void {
  if (route !== '$connect') refuseOption(what, `route ${route}: only $connect can have an authorizer`);
  const odd = identitySources.find((source) => !IDENTITY_SOURCE.test(source));
  if (odd === undefined) return;
  refuseOption(
    what,
    `identity source "${odd}" must be route.request.header.NAME or route.request.querystring.NAME`,
  );
}
