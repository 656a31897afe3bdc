import { createAsyncInvoker } from '../features/asyncInvoke/asyncInvoke.ts';
import type { AsyncInvoker } from '../features/asyncInvoke/asyncInvoke.ts';
import { refuseAsyncInvokeFaults } from '../features/asyncInvoke/asyncInvokeConfig.ts';
import type { Places } from '../features/environment/functionConfig.ts';
import { startInvokeApi } from '../features/invokeApi/invokeApi.ts';
import type { LogTail } from '../features/invokeApi/logTail.ts';
import { createDelivery, refuseFifoTarget, refuseUnknownQueue } from './delivery.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import { startStreams } from './startStreams.ts';
import type { RunningStreams } from './startStreams.ts';
import { startBuckets } from './startBuckets.ts';
import type { RunningBuckets } from './startBuckets.ts';
import { startEvents } from './startEvents.ts';
import { startTopics } from './startTopics.ts';
import type { Wiring } from './wiring.ts';

/** Where Lambda's API and the stand-ins listen, and what they can be asked to do. */
export interface Services {
  readonly places: Pick<
    Places,
    's3Endpoint' | 'lambdaEndpoint' | 'snsEndpoint' | 'topicArns' | 'eventBridgeEndpoint' | 'kinesisEndpoint'
  >;
  readonly runSchedule: (name: string) => void;
  readonly putStreamRecords: RunningStreams['putStreamRecords'];
  readonly putObject: RunningBuckets['putObject'];
}

/**
 * Starts Lambda's own Invoke API, and the stand-ins for those services that trigger functions.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @param logTail gets each line that functions and platform write
 * @returns where they listen; throws an EmulatorError that names what contradicts itself
 */
export async function startServices(
  options: EmulatorOptions,
  wiring: Wiring,
  logTail: LogTail,
): Promise<Services> {
  const invoker = startInvoker(options, wiring);
  const api = await startInvokeApi({
    ...wiring,
    port: options.lambdaPort ?? 0,
    accept: (name, call) => invoker.accept(name, call),
    logTail,
  });
  wiring.keep(() => api.stop());
  const ways = createDelivery(wiring, invoker);
  const topics = await startTopics(options, wiring, ways);
  const delivery = { ...ways, publish: topics.publish };
  const events = await startEvents(options, wiring, delivery);
  const streams = await startStreams(options, wiring, delivery);
  const buckets = await startBuckets(options, wiring, delivery);
  const { eventBridgeEndpoint } = events;
  return {
    places: {
      lambdaEndpoint: api.endpoint,
      ...topics.places,
      ...streams.places,
      ...buckets.places,
      eventBridgeEndpoint,
    },
    runSchedule: (name) => events.runSchedule(name),
    putStreamRecords: (table, changes) => streams.putStreamRecords(table, changes),
    putObject: (bucket, key, body) => buckets.putObject(bucket, key, body),
  };
}

function startInvoker(options: EmulatorOptions, wiring: Wiring): AsyncInvoker {
  const { asyncInvokes: configs = [] } = options;
  for (const config of configs) {
    wiring.refuseUnknown(config.function);
    refuseAsyncInvokeFaults(config);
    for (const queue of [config.onSuccess, config.onFailure]) {
      refuseUnknownQueue(options, queue);
      // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: a standard queue.
      refuseFifoTarget(`asynchronous invocations of ${config.function}`, { queue });
    }
  }
  const { region, accountId } = wiring.account;
  const invoker = createAsyncInvoker({
    configs,
    invoke: wiring.invoke,
    clock: wiring.clock,
    toFunctionArn: (name) => `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    sendToQueue: (name, body) =>
      void wiring.sendToQueue(name, { body, attributes: {}, traceHeader: undefined, delayMs: 0 }),
  });
  wiring.keep(async () => invoker.stop());
  return invoker;
}
