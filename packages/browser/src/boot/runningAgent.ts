import type { Attributes } from '@opentelemetry/api';
import { createSilentSpan } from '@clickspan/shared/tracer';
import type { CustomAction } from '../features/actions/customActions.ts';
import { createAgentSlot } from '../platform/agentSlot.ts';
import type { Agent } from './startAgent.ts';

/** The page's agent, whichever copy of the code it runs. */
function getAgent(): Agent | undefined {
  return typeof window === 'undefined' ? undefined : createAgentSlot<Agent>(window).get();
}

/** Runs functions as actions of the page's agent; without one they run all the same. */
export const action: Agent['action'] = {
  run(name, run) {
    const agent = getAgent();
    return agent ? agent.action.run(name, run) : run();
  },
};

/** Starts an action of the page's agent; without one it is an action that nobody records. */
export function startAction(name: string, attributes?: Attributes): CustomAction {
  return (
    getAgent()?.startAction(name, attributes) ?? {
      span: createSilentSpan({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
      run: (run) => run(),
      end() {},
    }
  );
}

/** Tells the page's agent the pattern of the route that the page shows now, such as `/orders/:id`. */
export function setRoute(pattern: string): void {
  getAgent()?.setRoute(pattern);
}
