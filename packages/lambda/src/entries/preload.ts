/**
 * `clickspan/preload.cjs`, for `NODE_OPTIONS=--require`. The runtime client reads `_HANDLER` after this: it is pointed to
 * the shim, which loads the function's own handler. Nothing else happens here, and nothing at all in any other process
 * or thread that inherits the function's variables.
 */
import { isMainThread } from 'node:worker_threads';
import { PRELOADED } from '../boot/preloaded.ts';
import type { Preloaded } from '../boot/preloaded.ts';
import { parseHandlerName } from '../features/handler/handlerName.ts';

/** Set in the runtime's own process to its id; a process that finds another's id is a child of it. */
const MARKER = 'CLICKSPAN_PID';

function redirect(): void {
  const { env, pid, argv } = process;
  const handler = env['_HANDLER'];
  if (!isMainThread || !handler || !env['AWS_LAMBDA_RUNTIME_API'] || !parseHandlerName(handler)) return;
  if (env[MARKER] !== undefined && env[MARKER] !== String(pid)) return;
  // The shim needs it; Node has it since 20.16 and 22.3.
  if (typeof process.getBuiltinModule !== 'function') return;
  // Many requests at once: the runtime client starts threads of its own, which are not supported yet.
  if (env['AWS_LAMBDA_MAX_CONCURRENCY'] !== undefined) return;
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return;
  // In container images the runtime client is commonly started through npx, which is a process of its own.
  if (/[\\/](npx|npm)(-cli\.js)?$/.test(argv[1] ?? '')) return;
  const preloaded: Preloaded = { handler };
  Object.defineProperty(globalThis, PRELOADED, { value: preloaded, configurable: true });
  env[MARKER] = String(pid);
  env['_HANDLER'] = `${__dirname}/shim.handler`;
}

try {
  redirect();
} catch {
  // The function runs without the agent.
}
