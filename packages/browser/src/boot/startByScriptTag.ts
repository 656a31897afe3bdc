import { findScriptTag } from '../platform/scriptTag.ts';
import type { Agent, Edition } from './startAgent.ts';
import { startOnce } from './startOnce.ts';

declare global {
  interface Window {
    /** The running agent, where the page has started it by script tag. */
    clickspan?: Agent | undefined;
  }
}

/** Starts the agent with the attributes of the script tag that runs, and puts it on `window.clickspan`. */
export function startByScriptTag(edition: Edition): void {
  const tag = findScriptTag(document);
  window.clickspan = startOnce({ window, attribute: (name) => tag?.dataset[name] }, edition);
}
