import type { Console } from '@clickspan/console';
import { startEmulator, startReaper } from '@clickspan/emulator';
import type { Emulator, EnvironmentRecord, Reaper, RuntimeClientKind } from '@clickspan/emulator';
import { CliError } from '../cliError.ts';
import type { DevConfig } from '../features/config/devConfig.ts';
import { fillEnvironment } from '../features/config/placeholders.ts';
import { refuseMissingPaths } from '../features/config/readConfigFile.ts';
import { startService } from '../features/services/startService.ts';
import { startSite } from '../features/sites/startSite.ts';
import { startConsoleSomewhere } from './consoleDir.ts';
import type { DevOptions } from './devOptions.ts';
import { planDev, toEmulatorOptions } from './devPlan.ts';
import type { DevPlan } from './devPlan.ts';

/** Everything that `clickspan dev` runs. */
export interface Dev {
  readonly runtimeClient: RuntimeClientKind;
  readonly collectorUrl: string;
  readonly consoleUrl: string;
  /** Addresses by the names of the configuration. */
  readonly siteUrls: Readonly<Record<string, string>>;
  readonly apiUrls: Readonly<Record<string, string>>;
  readonly functionUrls: Readonly<Record<string, string>>;
  readonly queueUrls: Readonly<Record<string, string>>;
  readonly dataDir: string;
  /** The embedded engine's process; undefined while it is away and with a server of the user's own. */
  readonly engine: () => Console['engine'];
  /** The emulator's own record of environments and invocations. */
  readonly environments: () => readonly EnvironmentRecord[];
  readonly stop: () => Promise<void>;
}

type Stops = (() => Promise<void>)[];

/** Ports are found free and then used; whoever takes one in between makes us begin again. */
const ATTEMPTS = 4;

/**
 * Starts everything that a configuration names: pages, services, functions with their fronts, collector and console.
 *
 * @param options the configuration and who wants to hear what
 * @returns the running whole; throws with nothing left behind when a part does not start
 */
export async function startDev(options: DevOptions): Promise<Dev> {
  refuseMissingPaths(options.config);
  for (let attempt = 1; ; attempt++) {
    const stops: Stops = [];
    try {
      return await start(options, attempt > 1, stops);
    } catch (error) {
      await stopAll(stops);
      if (attempt === ATTEMPTS || !isPortTaken(error)) throw error;
    }
  }
}

async function start(options: DevOptions, again: boolean, stops: Stops): Promise<Dev> {
  const { config, onProgress = () => undefined } = options;
  const plan = await planDev(config, again);
  for (const { name, wished, port } of plan.moved)
    onProgress(`Port ${wished} (${name}) is taken: ${port} it is.`);
  const reaper = startReaper();
  stops.push(() => reaper.stop());

  onProgress('Starting the storage engine …');
  const console = await startConsoleSomewhere(options, plan);
  stops.push(() => console.running.stop());
  await startServices(options, plan, { reaper, stops });
  await startSites(config, plan, stops);
  const emulator = await startFunctions(options, plan, { reaper, stops });
  let stopping: Promise<void> | undefined;
  return {
    runtimeClient: emulator.runtimeClient,
    collectorUrl: console.running.collectorUrl,
    consoleUrl: console.running.consoleUrl,
    siteUrls: pick(plan, 'site.'),
    apiUrls: emulator.urls,
    functionUrls: emulator.functionUrls,
    queueUrls: emulator.queueUrls,
    dataDir: console.dataDir,
    engine: () => console.running.engine,
    environments: () => emulator.environments(),
    stop: () => (stopping ??= stopAll(stops)),
  };
}

interface Held {
  readonly reaper: Reaper;
  readonly stops: Stops;
}

async function startServices(options: DevOptions, plan: DevPlan, { reaper, stops }: Held): Promise<void> {
  const { config, onProgress = () => undefined, onServiceLine = () => undefined } = options;
  const starting = Object.entries(config.services).map(async ([name, entry]) => {
    onProgress(`Starting ${name} …`);
    const service = await startService({
      name,
      command: entry.command,
      dir: config.dir,
      port: plan.ports[`service.${name}`]!,
      environment: fillEnvironment(entry.environment, plan.values),
      readyWhen: entry.readyWhen,
      reaper,
      onLine: (line) => onServiceLine(name, line),
      onEnd: (how) =>
        onProgress(`The service ${name} ${how}; what needs it will fail until everything is started again.`),
    });
    stops.push(() => service.stop());
  });
  // All of them, so that none starts behind the back of what a failure stops.
  const failed = (await Promise.allSettled(starting)).find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

async function startSites(config: DevConfig, plan: DevPlan, stops: Stops): Promise<void> {
  for (const [name, { dir, singlePage }] of Object.entries(config.sites)) {
    const port = plan.ports[`site.${name}`]!;
    const site = await startSite({ dir, port, singlePage, values: () => plan.values });
    if (!site) throw portTaken(`site.${name}`, port);
    stops.push(() => site.stop());
  }
}

async function startFunctions(
  options: DevOptions,
  plan: DevPlan,
  { reaper, stops }: Held,
): Promise<Emulator> {
  const { config, onLog } = options;
  const emulator = await startEmulator({ ...toEmulatorOptions(config, plan), reaper, onLog });
  stops.push(() => emulator.stop());
  // The emulator passes over a port that was taken meanwhile, but the addresses have been given out by now.
  const actual = { ...prefix('api.', emulator.urls), ...prefix('function.', emulator.functionUrls) };
  if (emulator.sqsEndpoint !== undefined) actual['sqs'] = emulator.sqsEndpoint;
  for (const [name, url] of Object.entries(actual)) {
    if (plan.values[name] !== url.replace(/\/$/, '')) throw portTaken(name, plan.ports[name]!);
  }
  return emulator;
}

function portTaken(name: string, port: number): CliError {
  const detail = `Port ${port} (${name}) is not to be had any more; start again.`;
  return new CliError('CLICKSPAN_CLI_PORTS_CHANGED', detail);
}

function isPortTaken(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'CLICKSPAN_CLI_PORTS_CHANGED' || code === 'CLICKSPAN_CONSOLE_PORT_TAKEN';
}

function prefix(start: string, entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [start + name, value]));
}

function pick(plan: DevPlan, start: string): Record<string, string> {
  const found = Object.entries(plan.values).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(start.length), value]));
}

/** What was started last goes first: functions before what they call, the console after all who send to it. */
async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) {
    // One part that cannot be stopped must not keep the others alive; the reaper has its processes.
    await stop().catch(() => undefined);
  }
}
