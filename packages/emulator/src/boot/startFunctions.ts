import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { startEnvironment } from '../features/environment/environment.ts';
import { refuseFaultyVariables, toTemporaryDir } from '../features/environment/environmentVariables.ts';
import { DEFAULT_RUNTIME, toFunctionSettings } from '../features/environment/functionConfig.ts';
import type {
  Account,
  FunctionSettings,
  Places,
  RuntimeName,
} from '../features/environment/functionConfig.ts';
import { unpackLayers } from '../features/environment/layers.ts';
import type { LogEvent } from '../features/environment/logEvent.ts';
import { startManyEnvironment } from '../features/environment/manyEnvironment.ts';
import type { EnvironmentRecord } from '../features/environment/record.ts';
import { findRuntimeClient } from '../features/environment/runtimeClient.ts';
import type { RuntimeClient, RuntimeClientKind } from '../features/environment/runtimeClient.ts';
import { createEnvironmentBudget } from '../features/functions/environmentBudget.ts';
import { createFunctionPool } from '../features/functions/functionPool.ts';
import type { FunctionPool } from '../features/functions/functionPool.ts';
import { createManyPool } from '../features/functions/manyPool.ts';
import { nowUnixMs } from '../platform/clock.ts';
import type { InvokeFunction } from '../platform/invocation.ts';
import { refuseOption, refuseTwice } from '../platform/optionFaults.ts';
import { postJson } from '../platform/postJson.ts';
import { startReaper } from '../platform/reaper.ts';
import type { Reaper } from '../platform/reaper.ts';
import { EmulatorError } from '../emulatorError.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** What functions are given of the rest of the emulator. */
export interface Surroundings {
  readonly account: Account;
  /** Where the emulator listens; asked when an environment starts. */
  readonly places: () => Places;
  readonly onLog: (event: LogEvent) => void;
  readonly keep: Wiring['keep'];
}

/** All functions, ready to run. */
export interface RunningFunctions {
  /** `native` when every function's runtime client has its native half. */
  readonly runtimeClient: RuntimeClientKind;
  readonly invoke: InvokeFunction;
  readonly isFunction: (name: string) => boolean;
  /** Throws an EmulatorError that lists the functions when there is none of that name. */
  readonly refuseUnknown: (name: string) => void;
  /** Initializes environments that no caller waits for. */
  initialize(name: string, count: number): Promise<void>;
  /** Initializes what is configured to be before any event; once all that listens does. */
  initializeConfigured(): Promise<void>;
  records(): readonly EnvironmentRecord[];
}

const DEFAULT_INIT_TIMEOUT_MS = 10_000;
/** "The timeout is the maximum of 130 seconds or the configured function timeout" (lambda-managed-instances-execution-environment). */
const MANAGED_INIT_TIMEOUT_MS = 130_000;
const DEFAULT_MAX_ENVIRONMENTS = 50;

/**
 * Makes functions ready to run, and starts the watch that nothing of them outlives us.
 *
 * @param options what is configured
 * @param surroundings the rest of the emulator
 * @returns the functions; throws an EmulatorError that names one which contradicts itself, or a part that is missing
 */
export async function startFunctions(
  options: EmulatorOptions,
  surroundings: Surroundings,
): Promise<RunningFunctions> {
  const clients = findClients(options);
  const reaper = options.reaper ?? ownReaper(surroundings);
  const functions = options.functions.map((config) =>
    toFunctionSettings(config, surroundings.account, surroundings.places),
  );
  refuseTwice('function', functions);
  const pools = await startPools(options, functions, { ...surroundings, clients, reaper });
  const poolOf = (name: string): FunctionPool => {
    const pool = pools.get(name);
    if (pool) return pool;
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_UNKNOWN',
      `no function ${name}; there are: ${[...pools.keys()].join(', ')}`,
    );
  };
  return {
    runtimeClient: [...clients.values()].every(({ kind }) => kind === 'native') ? 'native' : 'stand-in',
    invoke: async (name, invocation) => poolOf(name).invoke(invocation),
    isFunction: (name) => pools.has(name),
    refuseUnknown: (name) => void poolOf(name),
    initialize: async (name, count) => poolOf(name).initialize(count, 'on-demand'),
    initializeConfigured: async () => {
      functions.forEach(refuseFaultyVariables);
      await Promise.all(
        functions.map(async ({ name, provisionedConcurrency, snapStart }) => {
          await poolOf(name).initialize(provisionedConcurrency, 'provisioned-concurrency');
          if (snapStart) await poolOf(name).initialize(1, 'on-demand');
        }),
      );
    },
    records: () => [...pools.values()].flatMap((pool) => pool.records()),
  };
}

function ownReaper({ keep }: Surroundings): Reaper {
  const reaper = startReaper();
  keep(() => reaper.stop());
  return reaper;
}

/** The runtime client of each runtime that a function asks for. */
type Clients = ReadonlyMap<RuntimeName, RuntimeClient>;

function findClients({ functions, runtimeClient = 'auto' }: EmulatorOptions): Clients {
  const requireNative = process.env['REQUIRE_NATIVE'] === '1';
  const names = new Set(functions.map(({ runtime = DEFAULT_RUNTIME }) => runtime));
  if (names.size === 0) names.add(DEFAULT_RUNTIME);
  return new Map([...names].map((name) => [name, findRuntimeClient(name, runtimeClient, requireNative)]));
}

interface Platform extends Surroundings {
  readonly clients: Clients;
  readonly reaper: Reaper;
}

async function startPools(
  options: EmulatorOptions,
  functions: readonly FunctionSettings[],
  platform: Platform,
): Promise<ReadonlyMap<string, FunctionPool>> {
  const budget = createEnvironmentBudget(options.maxEnvironments ?? DEFAULT_MAX_ENVIRONMENTS);
  const layersDir = await mkdtemp(join(tmpdir(), 'clickspan-emulator-'));
  platform.reaper.removeAtEnd(layersDir);
  platform.keep(() => rm(layersDir, { recursive: true, force: true }));
  await mkdir(toTemporaryDir(layersDir));
  const pools = new Map<string, FunctionPool>();
  for (const settings of functions) {
    const optDir = join(layersDir, settings.name);
    await refuseMissingCode(settings);
    await unpackLayers(settings.layers, optDir);
    const common = {
      ...platform,
      client: platform.clients.get(settings.runtime)!,
      settings,
      optDir,
      budget,
      hostPath: process.env['PATH'] ?? '/usr/bin:/bin',
      initTimeoutMs: options.initTimeoutMs ?? toInitTimeoutMs(settings),
      limits: options.limits ?? {},
      clock: nowUnixMs,
      onLog: guarded(platform.onLog),
    };
    const pool = settings.managedInstances
      ? createManyPool({ ...common, startManyEnvironment, postTelemetry: postJson })
      : createFunctionPool({
          ...common,
          startEnvironment,
          idleTimeoutMs: options.idleTimeoutMs ?? 0,
          freeze: options.freeze ?? true,
          postTelemetry: postJson,
        });
    pools.set(settings.name, pool);
    platform.keep(() => pool.stop());
  }
  return pools;
}

function toInitTimeoutMs({ managedInstances, timeoutMs }: FunctionSettings): number {
  return managedInstances ? Math.max(MANAGED_INIT_TIMEOUT_MS, timeoutMs) : DEFAULT_INIT_TIMEOUT_MS;
}

async function refuseMissingCode({ name, codeDir }: FunctionSettings): Promise<void> {
  const isDir = await stat(codeDir).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDir || !isAbsolute(codeDir))
    refuseOption(
      `function ${name}`,
      `codeDir ${codeDir} must be the absolute path of a folder that is there`,
    );
}

/** A fault in the listener is its owner's to see, but must not tear an invocation in two. */
function guarded(onLog: (event: LogEvent) => void): (event: LogEvent) => void {
  return (event) => {
    try {
      onLog(event);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  };
}
