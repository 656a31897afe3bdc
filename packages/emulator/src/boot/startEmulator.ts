import { randomUUID } from 'node:crypto';
import { NO_PLACES } from '../features/environment/functionConfig.ts';
import type { Places } from '../features/environment/functionConfig.ts';
import { toTraceHeader } from '../features/functions/traceHeader.ts';
import { createLogTail } from '../features/invokeApi/logTail.ts';
import { nowUnixMs } from '../platform/clock.ts';
import type { InvokeFunction } from '../platform/invocation.ts';
import { parseJsonOrText } from '../platform/json.ts';
import { refuseOption, refuseOutOfRange } from '../platform/optionFaults.ts';
import { EmulatorError } from '../emulatorError.ts';
import type { Emulator, EmulatorOptions, InvokeOptions, InvokeResult } from './emulatorOptions.ts';
import { startFunctions } from './startFunctions.ts';
import { startGateways } from './startGateways.ts';
import { startHttpFronts } from './startHttpFronts.ts';
import { startQueues } from './startQueues.ts';
import { startServices } from './startServices.ts';
import type { Wiring } from './wiring.ts';

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

function refuseFaults({ initTimeoutMs, idleTimeoutMs, maxEnvironments, accountId }: EmulatorOptions): void {
  const what = 'the emulator';
  refuseOutOfRange(what, 'initTimeoutMs', initTimeoutMs, 1);
  refuseOutOfRange(what, 'idleTimeoutMs', idleTimeoutMs, 0);
  refuseOutOfRange(what, 'maxEnvironments', maxEnvironments, 1);
  if (accountId !== undefined && !/^\d{12}$/.test(accountId))
    refuseOption(what, `accountId "${accountId}" must be twelve digits`);
}

async function start(options: EmulatorOptions, stops: Stops): Promise<Emulator> {
  refuseFaults(options);
  const account = {
    region: options.region ?? DEFAULT_REGION,
    accountId: options.accountId ?? DEFAULT_ACCOUNT_ID,
  };
  const keep = (stop: () => Promise<void>): void => void stops.push(stop);
  let places: Places = NO_PLACES;
  const logTail = createLogTail();
  const functions = await startFunctions(options, {
    account,
    keep,
    places: () => places,
    onLog: (event) => {
      logTail.onLine(event);
      options.onLog?.(event);
    },
  });
  const { invoke, isFunction, refuseUnknown } = functions;
  const inside = {
    account,
    keep,
    invoke,
    isFunction,
    refuseUnknown,
    clock: nowUnixMs,
    toTraceId: (incoming: string | undefined) => toTraceHeader(incoming, nowUnixMs()),
  };
  const queues = await startQueues(options, inside);
  const wiring: Wiring = { ...inside, sendToQueue: queues.send };
  places = { ...places, ...queues.places };
  places = { ...places, ...(await startGateways(options, wiring)) };
  const services = await startServices(options, wiring, logTail);
  places = { ...places, ...services.places };
  places = { ...places, ...(await startHttpFronts(options, wiring)) };
  await functions.initializeConfigured();
  let stopping: Promise<void> | undefined;
  return {
    runtimeClient: functions.runtimeClient,
    ...places,
    environments: () => functions.records(),
    invoke: (name, event, invokeOptions = {}) => invokeDirectly(invoke, name, event, invokeOptions),
    initialize: (name, count = 1) => functions.initialize(name, count),
    runSchedule: services.runSchedule,
    putStreamRecords: services.putStreamRecords,
    putObject: services.putObject,
    stop: () => (stopping ??= stopAll(stops)),
  };
}

async function invokeDirectly(
  invoke: InvokeFunction,
  name: string,
  event: unknown,
  { clientContext, traceHeader }: InvokeOptions,
): Promise<InvokeResult> {
  const requestId = randomUUID();
  const outcome = await invoke(name, {
    requestId,
    traceId: toTraceHeader(traceHeader, nowUnixMs()),
    payload: Buffer.from(JSON.stringify(event ?? null)),
    clientContext: clientContext === undefined ? undefined : JSON.stringify(clientContext),
  });
  if (outcome.status === 'throttled')
    throw new EmulatorError('CLICKSPAN_EMULATOR_THROTTLED', `function ${name}: ${outcome.reason}`);
  const functionError = outcome.status === 'error' ? 'Unhandled' : undefined;
  // A streamed response need not be JSON.
  return { requestId, functionError, payload: parseJsonOrText(outcome.payload) };
}

async function stopAll(stops: Stops): Promise<void> {
  const failures: unknown[] = [];
  for (const stop of stops.toReversed()) {
    // In order: what is in front goes before what is behind it. What fails must not keep the rest running.
    await stop().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The emulator could not be stopped cleanly.');
}
