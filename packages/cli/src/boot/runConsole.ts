import { resolve } from 'node:path';
import { startConsole } from '@clickspan/console';
import { CliError } from '../cliError.ts';
import { DEFAULT_COLLECTOR_PORT, DEFAULT_CONSOLE_PORT } from '../features/config/devConfig.ts';
import { observeEndRequests } from '../platform/endSignals.ts';
import { findFreePorts } from '../platform/freePorts.ts';

/** What `clickspan console` takes, as text from the command line. */
export interface RunConsoleOptions {
  readonly dataDir?: string | undefined;
  readonly collectorPort?: string | undefined;
  readonly consolePort?: string | undefined;
}

const FORCED_STATUS = 130;

/**
 * Runs the console alone until it is asked to end.
 *
 * @param options flags; what is left out comes from the environment (`CLICKSPAN_DATA_DIR`, `CLICKSPAN_COLLECTOR_PORT`,
 *   `CLICKSPAN_CONSOLE_PORT`, `CLICKHOUSE_URL`), else from the defaults
 * @returns the exit status
 */
export async function runConsole(options: RunConsoleOptions): Promise<number> {
  const { env } = process;
  const requests = observeEndRequests(() => process.exit(FORCED_STATUS));
  const wished = {
    collector: toPort('--collector-port', options.collectorPort ?? env['CLICKSPAN_COLLECTOR_PORT']),
    console: toPort('--console-port', options.consolePort ?? env['CLICKSPAN_CONSOLE_PORT']),
  };
  // A port that somebody asked for is that one or none: agents have been told of it. Only the defaults may move.
  const free = await findFreePorts({
    collector: wished.collector ?? DEFAULT_COLLECTOR_PORT,
    console: wished.console ?? DEFAULT_CONSOLE_PORT,
  });
  const clickhouseUrl = env['CLICKHOUSE_URL'];
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say('Starting the storage engine …');
  const running = await startConsole({
    dataDir: resolve(options.dataDir ?? (env['CLICKSPAN_DATA_DIR'] || '.clickspan')),
    collectorPort: wished.collector ?? free.collector,
    consolePort: wished.console ?? free.console,
    log: (line) => say(`Console: ${line}`),
    ...(clickhouseUrl ? { clickhouseUrl } : {}),
  });
  say(
    `\n  console    ${running.consoleUrl}\n  collector  ${running.collectorUrl}/v1/traces\n\n  Ctrl-C ends it.\n`,
  );
  await requests.first;
  await running.stop();
  requests.stop();
  return 0;
}

function toPort(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CliError('CLICKSPAN_CLI_USAGE', `${name} must be a port from 0 to 65535, not "${text}".`);
}
