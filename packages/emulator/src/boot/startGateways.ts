import type { Places } from '../features/environment/functionConfig.ts';
import { startLoadBalancer } from '../features/loadBalancer/loadBalancerFront.ts';
import { refuseRestFaults } from '../features/restApi/restApiConfig.ts';
import { startRestFront } from '../features/restApi/restFront.ts';
import { refuseWebSocketFaults } from '../features/webSocket/webSocketApiConfig.ts';
import { startWebSocketFront } from '../features/webSocket/webSocketFront.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import { toApiId } from './wiring.ts';
import type { Wiring } from './wiring.ts';

type Gateways = Pick<
  Places,
  'restApiUrls' | 'loadBalancerUrls' | 'webSocketUrls' | 'webSocketConnectionsUrls'
>;

/**
 * Starts the fronts that callers reach over HTTP, but for HTTP APIs and function URLs.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @returns where they listen; throws an EmulatorError that names a front which contradicts itself
 */
export async function startGateways(options: EmulatorOptions, wiring: Wiring): Promise<Gateways> {
  return {
    restApiUrls: await startRestApis(options, wiring),
    loadBalancerUrls: await startLoadBalancers(options, wiring),
    ...(await startWebSocketApis(options, wiring)),
  };
}

async function startRestApis(
  { restApis = [] }: EmulatorOptions,
  wiring: Wiring,
): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  refuseTwice('REST API', restApis);
  for (const config of restApis) {
    refuseRestFaults(config);
    for (const { function: name, authorizer } of config.methods) {
      wiring.refuseUnknown(name);
      if (authorizer) wiring.refuseUnknown(authorizer.function);
    }
    const front = await startRestFront({ ...wiring, ...wiring.account, config, apiId: toApiId(config.name) });
    wiring.keep(() => front.stop());
    urls[config.name] = front.url;
  }
  return urls;
}

async function startLoadBalancers(
  { loadBalancers = [] }: EmulatorOptions,
  wiring: Wiring,
): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  const { region, accountId } = wiring.account;
  refuseTwice('load balancer', loadBalancers);
  for (const config of loadBalancers) {
    wiring.refuseUnknown(config.function);
    const targetGroupArn = `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/${config.name}/6d0ecf831eec9f09`;
    const front = await startLoadBalancer({ ...wiring, config, targetGroupArn });
    wiring.keep(() => front.stop());
    urls[config.name] = front.url;
  }
  return urls;
}

async function startWebSocketApis(
  { webSocketApis = [] }: EmulatorOptions,
  wiring: Wiring,
): Promise<Pick<Gateways, 'webSocketUrls' | 'webSocketConnectionsUrls'>> {
  const webSocketUrls: Record<string, string> = {};
  const webSocketConnectionsUrls: Record<string, string> = {};
  refuseTwice('WebSocket API', webSocketApis);
  for (const config of webSocketApis) {
    refuseWebSocketFaults(config);
    for (const { function: name, authorizer } of config.routes) {
      wiring.refuseUnknown(name);
      if (authorizer) wiring.refuseUnknown(authorizer.function);
    }
    const apiId = toApiId(config.name);
    const front = await startWebSocketFront({ ...wiring, ...wiring.account, config, apiId });
    wiring.keep(() => front.stop());
    webSocketUrls[config.name] = front.url;
    webSocketConnectionsUrls[config.name] = front.connectionsUrl;
  }
  return { webSocketUrls, webSocketConnectionsUrls };
}
