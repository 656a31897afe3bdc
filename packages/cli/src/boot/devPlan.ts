import type { EmulatorOptions } from '@clickspan/emulator';
import type { DevConfig } from '../features/config/devConfig.ts';
import { fillEnvironment, fillPlaceholders } from '../features/config/placeholders.ts';
import type { PlaceholderValues } from '../features/config/placeholders.ts';
import { findFreePorts, LOOPBACK } from '../platform/freePorts.ts';

/** The account that everything local belongs to. */
const ACCOUNT_ID = '123456789012';

/** Who listens where, and how that is called in the configuration. */
export interface DevPlan {
  /** By `collector`, `console`, `sqs`, `api.<name>`, `function.<name>`, `site.<name>`, `service.<name>`. */
  readonly ports: Readonly<Record<string, number>>;
  /** The ports that were wished for and are taken: told to people. */
  readonly moved: readonly { readonly name: string; readonly wished: number; readonly port: number }[];
  readonly values: PlaceholderValues;
}

/**
 * Decides all ports before anything starts: functions must know their queue, pages their API, and the API its pages.
 *
 * @param config the configuration
 * @param again whether ports found before were taken by somebody else who is starting too: then a taken port is not
 *   followed by the next one, which he would try as well, but by any that is free
 */
export async function planDev(config: DevConfig, again = false): Promise<DevPlan> {
  const wishes: Record<string, number | undefined> = {
    collector: config.ports.collector,
    console: config.ports.console,
    sqs: config.ports.sqs,
  };
  for (const [name, { port }] of Object.entries(config.sites)) wishes[`site.${name}`] = port;
  for (const [name, { port }] of Object.entries(config.httpApis)) wishes[`api.${name}`] = port;
  for (const [name, { port }] of Object.entries(config.functionUrls)) wishes[`function.${name}`] = port;
  for (const [name, { port }] of Object.entries(config.services)) wishes[`service.${name}`] = port;
  const ports = await findFreePorts(wishes, again ? 0 : undefined);
  const urls = Object.entries(ports).map(([name, port]) => [name, `http://${LOOPBACK}:${port}`] as const);
  const queues = Object.keys(config.queues).map(
    (name) => [`queue.${name}`, `http://${LOOPBACK}:${ports['sqs']}/${ACCOUNT_ID}/${name}`] as const,
  );
  const moved = Object.entries(ports).flatMap(([name, port]) => {
    const wished = wishes[name];
    return wished === undefined || wished === port ? [] : [{ name, wished, port }];
  });
  return { ports, moved, values: Object.fromEntries([...urls, ...queues]) };
}

/**
 * Turns a configuration into what the emulator takes.
 *
 * @param config the configuration
 * @param plan ports and addresses
 */
export function toEmulatorOptions(config: DevConfig, plan: DevPlan): EmulatorOptions {
  const { ports, values } = plan;
  const toCors = (cors: DevConfig['httpApis'][string]['cors']): DevConfig['httpApis'][string]['cors'] =>
    cors && { ...cors, allowOrigins: cors.allowOrigins.map((origin) => fillPlaceholders(origin, values)) };
  return {
    accountId: ACCOUNT_ID,
    functions: Object.entries(config.functions).map(([name, entry]) => ({
      name,
      codeDir: entry.code,
      handler: entry.handler,
      timeoutMs: entry.timeoutMs,
      memoryMb: entry.memoryMb,
      reservedConcurrency: entry.reservedConcurrency,
      environment: fillEnvironment({ ...config.environment, ...entry.environment }, values),
      layers: [...config.layers, ...entry.layers],
    })),
    httpApis: Object.entries(config.httpApis).map(([name, { cors, routes }]) => ({
      name,
      port: ports[`api.${name}`],
      cors: toCors(cors),
      routes: Object.entries(routes).map(([route, target]) => ({ route, function: target })),
    })),
    functionUrls: Object.entries(config.functionUrls).map(([name, { cors }]) => ({
      function: name,
      port: ports[`function.${name}`],
      cors: toCors(cors),
    })),
    queues: Object.entries(config.queues).map(([name, queue]) => ({ name, ...queue })),
    sqsPort: ports['sqs'],
  };
}
