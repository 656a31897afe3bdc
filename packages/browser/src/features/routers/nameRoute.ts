import { createAgentSlot } from '../../platform/agentSlot.ts';

/** The part of the agent that names routes. */
interface RouteNaming {
  setRoute(pattern: string): void;
}

/**
 * Tells the page's agent, whichever edition and however started, the pattern of the route that is shown.
 *
 * @param parts of the pattern from the outermost route to the innermost; one that begins with a slash starts anew
 */
export function nameRoute(parts: readonly (string | undefined)[]): void {
  if (typeof window === 'undefined') return;
  let pattern = '';
  for (const part of parts) {
    if (part?.startsWith('/')) pattern = '';
    const trimmed = part?.replace(/^\/+|\/+$/g, '');
    if (trimmed) pattern += `/${trimmed}`;
  }
  createAgentSlot<RouteNaming>(window)
    .get()
    ?.setRoute(pattern || '/');
}
