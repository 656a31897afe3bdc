import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleError } from '../../consoleError.ts';
import { createEngineClient } from '../../platform/clickhouse.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';
import type { Engine } from './superviseEngine.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const PING_TIMEOUT_MS = 5_000;
const RETRY_MS = 500;

/** How to reach a ClickHouse server that others run. */
export interface ExternalEngineOptions {
  /** http or https, with user, password and database as needed; never logged. */
  readonly url: string;
  /** Runs before anybody else may use it. */
  readonly prepare: (client: EngineClient) => Promise<void>;
}

/**
 * Connects to a ClickHouse server that others run.
 *
 * @throws ConsoleError `CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE`
 */
export async function connectExternalEngine({ url, prepare }: ExternalEngineOptions): Promise<Engine> {
  const client = createEngineClient({ url });
  try {
    await waitForAnswer(client, url);
    await prepare(client);
  } catch (error) {
    await client.close();
    throw error;
  }
  return { kind: 'external', client: () => client, process: () => undefined, stop: () => client.close() };
}

async function waitForAnswer(client: EngineClient, url: string): Promise<void> {
  const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS;
  while ((await client.ping(PING_TIMEOUT_MS)) !== 'ok') {
    if (performance.now() >= deadlineMs) {
      throw new ConsoleError(
        'CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE',
        `Tried ${new URL(url).host} for ${CONNECT_TIMEOUT_MS / 1000} s; check the address, user and password.`,
      );
    }
    await sleep(RETRY_MS);
  }
}
