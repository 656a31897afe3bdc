import { ConsoleError, startConsole } from '@clickspan/console';
import type { Console } from '@clickspan/console';
import type { DevOptions } from './devOptions.ts';
import type { DevPlan } from './devPlan.ts';

/** So many consoles may run from one configuration at a time. */
const DIRECTORIES_TRIED = 9;

/** A console, and where it keeps its data. */
export interface PlacedConsole {
  readonly running: Console;
  readonly dataDir: string;
}

/**
 * Starts the console on the data directory of the configuration; where another one that is running has it, on one
 * beside it, so that two can be tried side by side as their ports can.
 *
 * @param options the configuration and who hears of it
 * @param plan the ports
 */
export async function startConsoleSomewhere(options: DevOptions, plan: DevPlan): Promise<PlacedConsole> {
  const { config, clickhouseUrl, onProgress = () => undefined } = options;
  for (let number = 1; ; number++) {
    const dataDir = number === 1 ? config.dataDir : `${config.dataDir}-${number}`;
    try {
      const running = await startConsole({
        dataDir,
        collectorPort: plan.ports['collector']!,
        consolePort: plan.ports['console']!,
        log: (line) => onProgress(`Console: ${line}`),
        ...(clickhouseUrl ? { clickhouseUrl } : {}),
      });
      return { running, dataDir };
    } catch (error) {
      const taken = error instanceof ConsoleError && error.code === 'CLICKSPAN_CONSOLE_DATA_DIR_TAKEN';
      if (!taken || number === DIRECTORIES_TRIED) throw error;
      onProgress(
        `Another console uses ${dataDir}: this one keeps its data beside it, in ${config.dataDir}-${number + 1}.`,
      );
    }
  }
}
