import { createAsyncInvoker } from '../features/asyncInvoke/asyncInvoke.ts';
import type { AsyncInvoker } from '../features/asyncInvoke/asyncInvoke.ts';
import { refuseAsyncInvokeFaults } from '../features/asyncInvoke/asyncInvokeConfig.ts';
import type { Places } from '../features/environment/functionConfig.ts';
import { startInvokeApi } from '../features/invokeApi/invokeApi.ts';
import type { LogTail } from '../features/invokeApi/logTail.ts';
import { EmulatorError } from '../emulatorError.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

type Services = Pick<Places, 'lambdaEndpoint'>;

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
  return { lambdaEndpoint: api.endpoint };
}

function startInvoker(options: EmulatorOptions, wiring: Wiring): AsyncInvoker {
  const { asyncInvokes: configs = [] } = options;
  for (const config of configs) {
    wiring.refuseUnknown(config.function);
    refuseAsyncInvokeFaults(config);
    for (const queueName of [config.onSuccess, config.onFailure]) refuseUnknownQueue(options, queueName);
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

function refuseUnknownQueue({ queues = [] }: EmulatorOptions, queueName: string | undefined): void {
  if (queueName === undefined || queues.some(({ name }) => name === queueName)) return;
  throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `there is no queue ${queueName}`);
}
