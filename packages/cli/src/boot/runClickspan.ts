import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CliError } from '../cliError.ts';

const HELP = `clickspan: one trace from the click to the cold start

Usage
  clickspan dev [--config <file>]      run your pages, functions, queues and services here, with the console
  clickspan console [options]          run collector and console alone
    --data-dir <folder>                  where spans are kept (.clickspan)
    --collector-port <port>              where agents send to (4318)
    --console-port <port>                where you look (4319)
  clickspan --help                     this
  clickspan --version

dev reads clickspan.config.json of this folder unless told otherwise. CLICKHOUSE_URL names a ClickHouse server to use
in place of the embedded engine.
`;

/** Node's own exit status for a wrong command line. */
const USAGE_STATUS = 9;

/**
 * Runs the command.
 *
 * @param args the command line without program and script
 * @returns the exit status; errors have been told on standard error by then
 */
export async function runClickspan(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    const { message, code, stack } =
      error instanceof Error ? (error as NodeJS.ErrnoException) : toError(error);
    // An error with a code of ours says what to do; any other one is a fault of ours, and needs its stack.
    process.stderr.write(`${code?.startsWith('CLICKSPAN_') ? `${message} (${code})` : stack}\n`);
    return code === 'CLICKSPAN_CLI_USAGE' ? USAGE_STATUS : 1;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [command, ...more] = positionals;
  if (values.version) return say(`${readVersion()}\n`);
  if (values.help || command === 'help') return say(HELP);
  if (command === undefined) {
    process.stderr.write(HELP);
    return USAGE_STATUS;
  }
  if (more.length > 0) throw new CliError('CLICKSPAN_CLI_USAGE', `"${more.join(' ')}" is one word too many.`);
  if (command === 'dev') {
    refuseFlags(command, values, ['config']);
    const { runDev } = await import('./runDev.ts');
    return runDev({ config: values.config });
  }
  if (command === 'console') {
    refuseFlags(command, values, ['data-dir', 'collector-port', 'console-port']);
    const { runConsole } = await import('./runConsole.ts');
    return runConsole({
      dataDir: values['data-dir'],
      collectorPort: values['collector-port'],
      consolePort: values['console-port'],
    });
  }
  throw new CliError(
    'CLICKSPAN_CLI_USAGE',
    `There is no command "${command}"; there are: dev, console. See clickspan --help.`,
  );
}

interface Flags {
  readonly help?: boolean | undefined;
  readonly version?: boolean | undefined;
  readonly config?: string | undefined;
  readonly 'data-dir'?: string | undefined;
  readonly 'collector-port'?: string | undefined;
  readonly 'console-port'?: string | undefined;
}

function parse(args: readonly string[]): { values: Flags; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        config: { type: 'string', short: 'c' },
        'data-dir': { type: 'string' },
        'collector-port': { type: 'string' },
        'console-port': { type: 'string' },
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError('CLICKSPAN_CLI_USAGE', `${why} See clickspan --help.`, { cause: error });
  }
}

function refuseFlags(command: string, values: Flags, allowed: readonly string[]): void {
  const wrong = Object.keys(values).find((name) => !allowed.includes(name));
  if (wrong)
    throw new CliError('CLICKSPAN_CLI_USAGE', `${command} does not take --${wrong}. See clickspan --help.`);
}

function readVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function toError(thrown: unknown): NodeJS.ErrnoException {
  return new Error(String(thrown));
}
