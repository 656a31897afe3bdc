import type { Agent } from '../boot/startAgent.ts';
import { allFeatures } from '../boot/features.ts';
import { createOwnEngine } from '../boot/ownEngine.ts';
import { startOnce } from '../boot/startOnce.ts';
import { findScriptTag } from '../platform/scriptTag.ts';

declare global {
  interface Window {
    /** The running agent, where the page has started it by script tag. */
    clickspan?: Agent | undefined;
  }
}

const tag = findScriptTag(document);
window.clickspan = startOnce(
  { window, attribute: (name) => tag?.getAttribute(name) ?? null },
  { createEngine: createOwnEngine, features: allFeatures },
);
