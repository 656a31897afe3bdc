import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Invocation, InvocationOutcome } from '../platform/invocation.ts';
import { DEFAULT_RUNTIME, NO_PLACES, toFunctionSettings } from '../features/environment/functionConfig.ts';
import type {
  Account,
  FunctionSettings,
  Places,
  RuntimeName,
} from '../features/environment/functionConfig.ts';
import { refuseFaultyVariables, toTemporaryDir } from '../features/environment/environmentVariables.ts';
import type { LogEvent } from '../features/environment/logEvent.ts';
import { unpackLayers } from '../features/environment/layers.ts';
import { findRuntimeClient } from '../features/environment/runtimeClient.ts';
import type { RuntimeClient } from '../features/environment/runtimeClient.ts';
import { startEnvironment } from '../features/environment/environment.ts';
import { createEnvironmentBudget } from '../features/functions/environmentBudget.ts';
import { startManyEnvironment } from '../features/environment/manyEnvironment.ts';
import { createManyPool } from '../features/functions/manyPool.ts';
import { createFunctionPool } from '../features/functions/functionPool.ts';
import type { FunctionPool } from '../features/functions/functionPool.ts';
import { toTraceHeader } from '../features/functions/traceHeader.ts';
import { refuseCorsFaults } from '../features/http/cors.ts';
import type { HttpFront } from '../features/http/httpFront.ts';
import { startHttpFront } from '../features/http/httpFront.ts';
import { createRouteMatcher } from '../features/http/routes.ts';
import { nowUnixMs } from '../platform/clock.ts';
import { postJson } from '../platform/postJson.ts';
import { startReaper } from '../platform/reaper.ts';
import type { Reaper } from '../platform/reaper.ts';
import { createLogTail } from '../features/invokeApi/logTail.ts';
import { startGateways } from './startGateways.ts';
import { startQueues } from './startQueues.ts';
import type { RunningQueues } from './startQueues.ts';
import { startServices } from './startServices.ts';
import { toApiId } from './wiring.ts';
import type { Wiring } from './wiring.ts';
import type { Emulator, EmulatorOptions, InvokeOptions, InvokeResult } from './emulatorOptions.ts';
import { EmulatorError } from '../emulatorError.ts';

const DEFAULT_INIT_TIMEOUT_MS = 10_000;
/** "The timeout is the maximum of 130 seconds or the configured function timeout" (lambda-managed-instances-execution-environment). */
const MANAGED_INIT_TIMEOUT_MS = 130_000;
const DEFAULT_MAX_ENVIRONMENTS = 50;
/** The most that AWS lets an HTTP API wait. */
const INTEGRATION_TIMEOUT_MS = 30_000;
const DEFAULT_REGION = 'eu-central-1';
const DEFAULT_ACCOUNT_ID = '123456789012';

/** What has been started, in the order in which it was; stopping goes the other way. */
type Stops = (() => Promise<void>)[];

/**
 * Starts Lambda on this machine: functions, the fronts before them, and the watch that nothing of it outlives us.
 *
 * @param options functions, fronts and limits
 * @returns the running emulator; throws when the options contradict themselves or a part is missing, with nothing left
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const stops: Stops = [];
  try {
    return await start(options, stops);
  } catch (error) {
    await stopAll(stops).catch(() => undefined);
    throw error;
  }
}

async function start(options: EmulatorOptions, stops: Stops): Promise<Emulator> {
  const account = {
    region: options.region ?? DEFAULT_REGION,
    accountId: options.accountId ?? DEFAULT_ACCOUNT_ID,
  };
  const clients = findClients(options);
  const reaper = options.reaper ?? ownReaper(stops);
  let places: Places = NO_PLACES;
  const settings = options.functions.map((config) => toFunctionSettings(config, account, () => places));
  const lines = createLogTail();
  const onLog = (event: LogEvent): void => {
    lines.onLine(event);
    options.onLog?.(event);
  };
  const pools = await startPools({ ...options, onLog }, settings, { account, clients, reaper }, stops);

  const run = (name: string, invocation: Invocation): Promise<InvocationOutcome> => {
    const pool = pools.get(name);
    if (!pool) throw unknownFunction(name, [...pools.keys()]);
    return pool.invoke(invocation);
  };
  const queues = await startOwnQueues(options, account, run, stops);
  const { send: sendToQueue, ...queuePlaces } = queues;
  places = { ...places, ...queuePlaces };
  const wiring: Wiring = {
    account,
    clock: nowUnixMs,
    toTraceId: (incoming) => toTraceHeader(incoming, nowUnixMs()),
    invoke: async (name, call) => run(name, call),
    isFunction: (name) => pools.has(name),
    refuseUnknown: (name) => refuseUnknown(options, name),
    sendToQueue,
    keep: (stop) => void stops.push(stop),
  };
  places = { ...places, ...(await startGateways(options, wiring)) };
  const services = await startServices(options, wiring, lines);
  places = { ...places, ...services.places };
  places = { ...places, ...(await startFronts(options, account, run, stops)) };
  settings.forEach(refuseFaultyVariables);
  await Promise.all(
    settings.map(async ({ name, provisionedConcurrency, snapStart }) => {
      await pools.get(name)!.initialize(provisionedConcurrency, 'provisioned-concurrency');
      if (snapStart) await pools.get(name)!.initialize(1, 'on-demand');
    }),
  );
  let stopping: Promise<void> | undefined;
  return {
    runtimeClient: [...clients.values()].every(({ kind }) => kind === 'native') ? 'native' : 'stand-in',
    ...places,
    environments: () => [...pools.values()].flatMap((pool) => pool.records()),
    invoke: (name, event, invokeOptions = {}) => invokeDirectly(run, name, event, invokeOptions),
    initialize: async (name, count = 1) => {
      const pool = pools.get(name);
      if (!pool) throw unknownFunction(name, [...pools.keys()]);
      await pool.initialize(count, 'on-demand');
    },
    runSchedule: services.runSchedule,
    putStreamRecords: services.putStreamRecords,
    putObject: services.putObject,
    stop: () => (stopping ??= stopAll(stops)),
  };
}

type Run = (name: string, invocation: Invocation) => Promise<InvocationOutcome>;

function ownReaper(stops: Stops): Reaper {
  const reaper = startReaper();
  stops.push(() => reaper.stop());
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

interface Platform {
  readonly account: Account;
  readonly clients: Clients;
  readonly reaper: Reaper;
}

async function startPools(
  options: EmulatorOptions,
  functions: readonly FunctionSettings[],
  platform: Platform,
  stops: Stops,
): Promise<ReadonlyMap<string, FunctionPool>> {
  const budget = createEnvironmentBudget(options.maxEnvironments ?? DEFAULT_MAX_ENVIRONMENTS);
  const layersDir = await mkdtemp(join(tmpdir(), 'clickspan-emulator-'));
  platform.reaper.removeAtEnd(layersDir);
  stops.push(() => rm(layersDir, { recursive: true, force: true }));
  await mkdir(toTemporaryDir(layersDir));
  const pools = new Map<string, FunctionPool>();
  for (const settings of functions) {
    if (pools.has(settings.name))
      throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `function ${settings.name} is configured twice`);
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
      onLog: guarded(options.onLog ?? (() => undefined)),
    };
    const pool = settings.managedInstances
      ? createManyPool({ ...common, startManyEnvironment })
      : createFunctionPool({
          ...common,
          startEnvironment,
          idleTimeoutMs: options.idleTimeoutMs ?? 0,
          freeze: options.freeze ?? true,
          postTelemetry: postJson,
        });
    pools.set(settings.name, pool);
    stops.push(() => pool.stop());
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
  if (isDir && isAbsolute(codeDir)) return;
  throw new EmulatorError(
    'CLICKSPAN_EMULATOR_OPTION',
    `function ${name}: codeDir ${codeDir} must be the absolute path of a folder that is there`,
  );
}

type Fronts = Pick<Places, 'urls' | 'functionUrls'>;

async function startFronts(
  options: EmulatorOptions,
  account: Account,
  run: Run,
  stops: Stops,
): Promise<Fronts> {
  const common = {
    accountId: account.accountId,
    clock: nowUnixMs,
    toTraceId: (incoming: string | undefined) => toTraceHeader(incoming, nowUnixMs()),
    invoke: async (name: string, invocation: Invocation) => run(name, invocation),
  };
  const keep = (front: HttpFront): string => {
    stops.push(() => front.stop());
    return front.url;
  };
  const urls: Record<string, string> = {};
  for (const {
    name,
    routes,
    port = 0,
    cors,
    integrationTimeoutMs = INTEGRATION_TIMEOUT_MS,
  } of options.httpApis ?? []) {
    if (Object.hasOwn(urls, name))
      throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `HTTP API ${name} is configured twice`);
    if (cors) refuseCorsFaults(`HTTP API ${name}`, 'httpApi', cors);
    for (const route of routes) refuseUnknown(options, route.function);
    const match = createRouteMatcher(routes);
    const front = {
      ...common,
      kind: 'httpApi',
      apiId: toApiId(name),
      port,
      cors,
      match,
      integrationTimeoutMs,
    } as const;
    urls[name] = keep(await startHttpFront(front));
  }
  const functionUrls: Record<string, string> = {};
  for (const config of options.functionUrls ?? []) {
    refuseUnknown(options, config.function);
    if (Object.hasOwn(functionUrls, config.function))
      throw new EmulatorError(
        'CLICKSPAN_EMULATOR_OPTION',
        `function ${config.function} has two function URLs`,
      );
    if (config.cors) refuseCorsFaults(`function URL of ${config.function}`, 'functionUrl', config.cors);
    const match = createRouteMatcher([{ route: '$default', function: config.function }]);
    const { port = 0, cors } = config;
    const limits = { integrationTimeoutMs: undefined };
    const front = {
      ...common,
      ...limits,
      kind: 'functionUrl',
      streams: config.invokeMode === 'RESPONSE_STREAM',
      apiId: toApiId(config.function),
      port,
      cors,
      match,
    } as const;
    functionUrls[config.function] = keep(await startHttpFront(front));
  }
  return { urls, functionUrls };
}

async function startOwnQueues(
  options: EmulatorOptions,
  account: Account,
  run: Run,
  stops: Stops,
): Promise<Pick<Places, 'sqsEndpoint' | 'queueUrls'> & Pick<RunningQueues, 'send'>> {
  const { queues = [], sqsPort = 0 } = options;
  if (queues.length === 0) return { sqsEndpoint: undefined, queueUrls: {}, send: () => false };
  for (const queue of queues) if (queue.function !== undefined) refuseUnknown(options, queue.function);
  const running = await startQueues({
    queues,
    port: sqsPort,
    account,
    invoke: (name, event) =>
      run(name, {
        requestId: randomUUID(),
        traceId: toTraceHeader(undefined, nowUnixMs()),
        payload: Buffer.from(JSON.stringify(event)),
      }),
  });
  stops.push(() => running.stop());
  return {
    sqsEndpoint: running.endpoint,
    queueUrls: running.urls,
    send: (name, message) => running.send(name, message),
  };
}

function refuseUnknown({ functions }: EmulatorOptions, name: string): void {
  const names = functions.map((config) => config.name);
  if (!names.includes(name)) throw unknownFunction(name, names);
}

function unknownFunction(name: string, names: readonly string[]): EmulatorError {
  return new EmulatorError(
    'CLICKSPAN_EMULATOR_UNKNOWN',
    `no function ${name}; there are: ${names.join(', ')}`,
  );
}

async function invokeDirectly(
  run: Run,
  name: string,
  event: unknown,
  options: InvokeOptions,
): Promise<InvokeResult> {
  const { clientContext, traceHeader } = options;
  const requestId = randomUUID();
  const outcome = await run(name, {
    requestId,
    traceId: toTraceHeader(traceHeader, nowUnixMs()),
    payload: Buffer.from(JSON.stringify(event ?? null)),
    clientContext: clientContext === undefined ? undefined : JSON.stringify(clientContext),
  });
  if (outcome.status === 'throttled')
    throw new EmulatorError('CLICKSPAN_EMULATOR_THROTTLED', `function ${name}: ${outcome.reason}`);
  const functionError = outcome.status === 'error' ? 'Unhandled' : undefined;
  return { requestId, functionError, payload: toValue(outcome.payload.toString()) };
}

/** A streamed response need not be JSON. */
function toValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
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

async function stopAll(stops: Stops): Promise<void> {
  const failures: unknown[] = [];
  for (const stop of stops.toReversed()) {
    // In order: what is in front goes before what is behind it. What fails must not keep the rest running.
    await stop().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The emulator could not be stopped cleanly.');
}
