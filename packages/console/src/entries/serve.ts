/** Runs a console until it is told to end: `node serve.js --data-dir <dir> --collector-port 4318 …` */
import { parseArgs } from 'node:util';
import { readOptions } from '@clickspan/shared/options';
import { CONSOLE_OPTIONS } from '../boot/optionSchema.ts';
import { startConsole } from '../boot/startConsole.ts';
import { ConsoleError } from '../consoleError.ts';

/** A second Ctrl-C, or an end that takes this long, ends the process at once; the engine notices by itself. */
const STOP_DEADLINE_MS = 10_000;

const log = (line: string): void => {
  process.stderr.write(`clickspan console: ${line}\n`);
};

function readSettings(): ReturnType<typeof readOptions<typeof CONSOLE_OPTIONS>> {
  const toFlag = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const names = Object.keys(CONSOLE_OPTIONS);
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [toFlag(name), { type: 'string' as const }])),
  });
  const flags = new Map(names.map((name) => [CONSOLE_OPTIONS[name]!.environment, values[toFlag(name)]]));
  return readOptions(CONSOLE_OPTIONS, {
    // What is written on the command line is nearer than the environment around it.
    environment: (variable) => flags.get(variable) ?? process.env[variable],
    warn: log,
  });
}

async function main(): Promise<void> {
  const running = await startConsole({ ...readSettings(), log });
  const end = (): void => {
    // Another signal while stopping finds no listener of ours and does what it always does.
    process.off('SIGINT', end).off('SIGTERM', end);
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  // Last: who reads this may send a signal at once.
  const { consoleUrl, collectorUrl, engine } = running;
  process.stdout.write(`${JSON.stringify({ consoleUrl, collectorUrl, engine })}\n`);
}

function fail(error: unknown): never {
  log(
    error instanceof ConsoleError
      ? `${error.code}: ${error.message}`
      : String((error as Error).stack ?? error),
  );
  process.exit(1);
}

main().catch(fail);
