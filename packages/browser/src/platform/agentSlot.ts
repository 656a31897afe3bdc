/** Where all copies of the agent in a page, from script tag and bundle, find each other. */
const SLOT: unique symbol = Symbol.for('clickspan.agent') as never;

/** What is kept there. */
export interface AgentSlot<T> {
  get(): T | undefined;
  set(agent: T | undefined): void;
}

/** The place for the page's one agent. */
export function createAgentSlot<T>(window: Window): AgentSlot<T> {
  const holder = window as unknown as { [SLOT]?: T | undefined };
  return {
    get: () => holder[SLOT],
    set: (agent) => {
      holder[SLOT] = agent;
    },
  };
}
