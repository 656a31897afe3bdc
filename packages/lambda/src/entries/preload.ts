/**
 * `clickspan/preload.cjs`, for `NODE_OPTIONS=--require`. The runtime client reads `_HANDLER` after this: it is pointed to
 * the shim, which loads the function's own handler. Nothing else happens here, and nothing at all in any other process
 * or thread that inherits the function's variables. (For many requests at once, the runtime client hands its variables on
 * to threads of its own, which so find the shim; threads of the function's find its own handler again.)
 */
import { ORIGINAL_HANDLER } from '../boot/preloaded.ts';
import { parseHandlerName } from '../features/handler/handlerName.ts';
import { isMainThread } from '../platform/mainThread.ts';
import { claimProcess, isOwnProcess } from '../platform/ownProcess.ts';

function redirect(): void {
  const { env } = process;
  const handler = env['_HANDLER'];
  if (!handler || !env['AWS_LAMBDA_RUNTIME_API'] || !parseHandlerName(handler)) return;
  const shim = `${__dirname}/shim.handler`;
  // Our parent, npx for example, was taken for the runtime's process and starts it; what it was given came along.
  const handedOn = handler === shim;
  // The shim needs it; Node has it since 20.16 and 22.3.
  if (typeof process.getBuiltinModule !== 'function') return;
  if (!isMainThread() || !(handedOn || isOwnProcess())) return;
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return;
  claimProcess();
  if (handedOn) return;
  env[ORIGINAL_HANDLER] = handler;
  env['_HANDLER'] = shim;
}

try {
  redirect();
} catch {
  // The function runs without the agent.
}
