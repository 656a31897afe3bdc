/**
 * `clickspan/shim.mjs`, which the runtime client loads as the function's handler. It is a module with top-level `await`,
 * so that the agent is registered before the runtime client asks for its first event.
 */
import { ORIGINAL_HANDLER } from '../boot/preloaded.ts';
import { startLayer } from '../boot/startLayer.ts';
import type { LoadLogs } from '../boot/startLogs.ts';
import type { LoadMetrics } from '../boot/startMetrics.ts';
import type { Handler } from '../features/handler/loadHandler.ts';

const original = process.env[ORIGINAL_HANDLER] ?? '';
delete process.env[ORIGINAL_HANDLER];
// The function's code sees its own handler's name.
process.env['_HANDLER'] = original;

/** At once, and by the path of this file, which is no module of the function's. */
const load = (): typeof import('./optional.ts') =>
  process.getBuiltinModule('node:module').createRequire(import.meta.url)('./optional.cjs');
const loadMetrics: LoadMetrics = () => load().startMetrics;
const loadLogs: LoadLogs = () => load().startLogs;

export const handler: Handler = await startLayer(original, { loadMetrics, loadLogs });
