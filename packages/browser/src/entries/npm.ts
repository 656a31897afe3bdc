import type { StartOptions } from '../boot/optionSchema.ts';
import type { Agent } from '../boot/startAgent.ts';
import type { BeforeAction } from '../features/actions/actions.ts';
import type { CustomAction } from '../features/actions/customActions.ts';
import { allFeatures } from '../boot/features.ts';
import { createOwnEngine } from '../boot/ownEngine.ts';
import { startOnce } from '../boot/startOnce.ts';
import type {
  BeforeSend,
  OutgoingLog,
  OutgoingRecord,
  OutgoingSpan,
} from '../features/records/recordSink.ts';

export { action, setRoute, startAction } from '../boot/runningAgent.ts';
export type {
  Agent,
  BeforeAction,
  BeforeSend,
  CustomAction,
  OutgoingLog,
  OutgoingRecord,
  OutgoingSpan,
  StartOptions,
};

/**
 * Starts tracing the page. Starting twice is harmless: the page has one agent, and gives it again. Never throws.
 *
 * @param options all of them have a default; see the table in the README
 * @returns the running agent; `undefined` where there is no page, as when rendering on a server
 */
export function start(options: StartOptions = {}): Agent | undefined {
  return typeof window === 'undefined'
    ? undefined
    : startOnce({ window, code: options }, { createEngine: createOwnEngine, features: allFeatures });
}
