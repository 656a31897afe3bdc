import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleError } from '../../consoleError.ts';
import { createEngineClient } from '../../platform/clickhouse.ts';
import type { Engine } from './superviseEngine.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const RETRY_MS = 500;

/**
 * Connects to a ClickHouse server that others run.
 *
 * @param url http or https, with user, password and database as needed; never logged
 * @throws ConsoleError `CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE`
 */
export async function connectExternalEngine(url: string): Promise<Engine> {
  const client = createEngineClient({ url });
  for (let waitedMs = 0; !(await client.ping()); waitedMs += RETRY_MS) {
    if (waitedMs >= CONNECT_TIMEOUT_MS) {
      await client.close();
      throw new ConsoleError(
        'CLICKSPAN_CONSOLE_ENGINE_UNREACHABLE',
        `Tried ${new URL(url).host} for ${CONNECT_TIMEOUT_MS / 1000} s; check the address, user and password.`,
      );
    }
    await sleep(RETRY_MS);
  }
  return { kind: 'external', client: () => client, process: () => undefined, stop: () => client.close() };
}
