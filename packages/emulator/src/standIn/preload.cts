/*
 * Puts the stand-in in the place of the runtime client's native half, without touching a file of the package.
 * The emulator hands it to `node` with --require, on the command line only: what the function itself starts does not
 * inherit it by NODE_OPTIONS. One block, because a CommonJS file without exports would share its names globally.
 */
{
  const nodeModule = require('node:module') as typeof import('node:module') & ModuleInternals;
  const threads = require('node:worker_threads') as typeof import('node:worker_threads');
  const path = require('node:path') as typeof import('node:path');
  const { pathToFileURL } = require('node:url') as typeof import('node:url');

  /** What Node 20 offers in the place of `registerHooks`. */
  interface ModuleInternals {
    _resolveFilename: (request: string, ...rest: readonly unknown[]) => string;
  }

  // The client asks for its native half by this name, relative to itself; versions 3 and 4 alike.
  const NATIVE_HALF = './rapid-client.node';
  const ENTRY = 'clickspan.runtimeClientEntry';
  // `fork()` hands execArgv on to children, which run another script and load no runtime client.
  const isMain = threads.isMainThread;
  const entry = isMain
    ? process.env['CLICKSPAN_RUNTIME_CLIENT_ENTRY']
    : (threads.getEnvironmentData(ENTRY) as string | undefined);
  delete process.env['CLICKSPAN_RUNTIME_CLIENT_ENTRY'];
  // Where many requests are served at once, the client runs in workers of its own.
  if (isMain && entry !== undefined && process.env['AWS_LAMBDA_MAX_CONCURRENCY'] !== undefined)
    threads.setEnvironmentData(ENTRY, entry);

  // A worker does not know its file yet; one of the function's own asks for no native half.
  if (entry !== undefined && (!isMain || process.argv[1] === entry)) {
    const standInPath = path.join(__dirname, `rapidClient${path.extname(__filename)}`);
    if (typeof nodeModule.registerHooks === 'function') {
      const url = pathToFileURL(standInPath).href;
      const hooks = nodeModule.registerHooks({
        resolve: (specifier, context, nextResolve) => {
          if (specifier !== NATIVE_HALF) return nextResolve(specifier, context);
          hooks.deregister();
          return { url, format: 'commonjs', shortCircuit: true };
        },
      });
    } else {
      const resolveFilename = nodeModule._resolveFilename;
      nodeModule._resolveFilename = (request, ...rest) => {
        if (request !== NATIVE_HALF) return resolveFilename.call(nodeModule, request, ...rest);
        nodeModule._resolveFilename = resolveFilename;
        return standInPath;
      };
    }
  }
}
