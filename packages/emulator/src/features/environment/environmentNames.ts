import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { EnvironmentOptions } from './environment.ts';
import type { Names } from './environmentVariables.ts';

/**
 * Gathers what the variables of an environment's processes are made from.
 *
 * @param options the function and the platform around it
 * @param logStreamName the environment's
 */
export function toNames(
  options: Pick<
    EnvironmentOptions,
    'settings' | 'account' | 'client' | 'optDir' | 'hostPath' | 'initializationType'
  >,
  logStreamName: string,
): Names {
  const { settings, account, client, optDir, hostPath } = options;
  return {
    settings,
    account,
    logStreamName,
    optDir,
    hostPath,
    initializationType: options.initializationType,
    runtimeDir: client.clientDir,
    nodeDir: dirname(client.nodePath),
    standInEntry: client.preloadPath === undefined ? undefined : client.entryPath,
  };
}

/**
 * Names the log stream of a new environment.
 *
 * @param unixMs when it starts
 */
export function toLogStreamName(unixMs: number): string {
  const day = new Date(unixMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
}
