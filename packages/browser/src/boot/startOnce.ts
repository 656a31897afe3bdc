import { createAgentSlot } from '../platform/agentSlot.ts';
import { createWarn } from '../platform/warn.ts';
import type { StartSources } from './core.ts';
import { startAgent, type Agent, type Edition } from './startAgent.ts';

/**
 * Starts the agent unless the page has one: then that is given, whichever copy of the code it runs.
 *
 * @returns `undefined` when the agent could not be started; the page goes on without
 */
export function startOnce(sources: StartSources, edition: Edition): Agent | undefined {
  try {
    const slot = createAgentSlot<Agent>(sources.window);
    const running = slot.get();
    if (running) return running;
    const agent = startAgent(sources, edition);
    const started: Agent = {
      ...agent,
      stop() {
        if (slot.get() === started) slot.set(undefined);
        agent.stop();
      },
    };
    slot.set(started);
    return started;
  } catch (error) {
    createWarn()(`Tracing could not be started: ${String(error)}`);
    return undefined;
  }
}
