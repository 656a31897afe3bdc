import { loadHandler } from '../features/handler/loadHandler.ts';
import { isClientBefore4 } from '../platform/processEnd.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { createAgent } from './createAgent.ts';
import type { Loaders, StartedAgent } from './createAgent.ts';
import { publishAgent } from './globalAgent.ts';

/**
 * Starts the agent as the layer does: registers it while the function's code is loaded, and gives the wrapped handler.
 *
 * @param handler value that `_HANDLER` had before the preload changed it
 * @param loaders load what few functions want
 * @returns the handler; rejects with exactly what the runtime client would have met while loading the function
 */
export async function startLayer(handler: string, loaders: Loaders): Promise<Handler> {
  const agent = start(loaders);
  const ready = agent?.ready();
  const load = (): Promise<Handler> =>
    loadHandler({
      handler,
      taskRoot: process.env['LAMBDA_TASK_ROOT'] ?? '',
      runtimeScript: process.argv[1] ?? '',
      requires: isClientBefore4(),
    });
  const loaded = await (agent ? agent.timed('load code', load) : load());
  await ready;
  agent?.initialized();
  return agent?.wrap(loaded) ?? loaded;
}

function start(loaders: Loaders): StartedAgent | undefined {
  try {
    const agent = createAgent({ outermost: true, ...loaders });
    if (agent) publishAgent(agent);
    return agent;
  } catch (error) {
    process.stderr.write(`clickspan: the agent could not start: ${String(error)}\n`);
    return undefined;
  }
}
