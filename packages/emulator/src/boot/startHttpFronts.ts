import type { Places } from '../features/environment/functionConfig.ts';
import { refuseCorsFaults } from '../features/http/cors.ts';
import { refuseHttpAuthorizerFaults } from '../features/http/httpAuthorizer.ts';
import { refuseJwtAuthorizerFaults } from '../features/http/jwtAuthorizer.ts';
import { startHttpFront } from '../features/http/httpFront.ts';
import type { HttpFrontOptions } from '../features/http/httpFront.ts';
import { createRouteMatcher } from '../features/http/routes.ts';
import { refuseOutOfRange, refuseTwice } from '../platform/optionFaults.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import { toApiId } from './wiring.ts';
import type { Wiring } from './wiring.ts';

/** "Between 50 and 30,000 milliseconds for HTTP APIs" (API Gateway V2 API reference, TimeoutInMillis); the default, too. */
const INTEGRATION_TIMEOUT_MS = 30_000;
const LEAST_INTEGRATION_TIMEOUT_MS = 50;

/**
 * Starts HTTP APIs and function URLs.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @returns where they listen; throws an EmulatorError that names a front which contradicts itself
 */
export async function startHttpFronts(
  { httpApis = [], functionUrls = [] }: EmulatorOptions,
  wiring: Wiring,
): Promise<Pick<Places, 'urls' | 'functionUrls'>> {
  const start = async (
    front: Omit<HttpFrontOptions, keyof Wiring | 'accountId' | 'region'>,
  ): Promise<string> => {
    const started = await startHttpFront({ ...wiring, ...wiring.account, ...front });
    wiring.keep(() => started.stop());
    return started.url;
  };
  const places: { urls: Record<string, string>; functionUrls: Record<string, string> } = {
    urls: {},
    functionUrls: {},
  };
  refuseTwice('HTTP API', httpApis);
  for (const api of httpApis) {
    const { name, routes, port = 0, cors, integrationTimeoutMs = INTEGRATION_TIMEOUT_MS } = api;
    if (cors) refuseCorsFaults(`HTTP API ${name}`, 'httpApi', cors);
    refuseOutOfRange(
      `HTTP API ${name}`,
      'integrationTimeoutMs',
      integrationTimeoutMs,
      LEAST_INTEGRATION_TIMEOUT_MS,
      INTEGRATION_TIMEOUT_MS,
    );
    for (const { function: functionName, authorizer } of routes) {
      wiring.refuseUnknown(functionName);
      if (!authorizer) continue;
      if ('issuer' in authorizer) refuseJwtAuthorizerFaults(`HTTP API ${name}`, authorizer);
      else {
        wiring.refuseUnknown(authorizer.function);
        refuseHttpAuthorizerFaults(`HTTP API ${name}`, authorizer);
      }
    }
    const match = createRouteMatcher(routes);
    const apiId = toApiId(name);
    places.urls[name] = await start({ kind: 'httpApi', apiId, port, cors, match, integrationTimeoutMs });
  }
  refuseTwice(
    'URL of function',
    functionUrls.map(({ function: name }) => ({ name })),
  );
  for (const { function: name, port = 0, cors, invokeMode } of functionUrls) {
    wiring.refuseUnknown(name);
    if (cors) refuseCorsFaults(`function URL of ${name}`, 'functionUrl', cors);
    places.functionUrls[name] = await start({
      kind: 'functionUrl',
      streams: invokeMode === 'RESPONSE_STREAM',
      apiId: toApiId(name),
      port,
      cors,
      match: createRouteMatcher([{ route: '$default', function: name }]),
      integrationTimeoutMs: undefined,
    });
  }
  return places;
}
