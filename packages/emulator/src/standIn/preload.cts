/*
 * Puts the stand-in in the place of the runtime client's native half, without touching a file of the package.
 * The emulator hands it to `node` with --require, on the command line only: what the function itself starts does not
 * inherit it by NODE_OPTIONS. One block, because a CommonJS file without exports would share its names globally.
 */
{
  const { registerHooks } = require('node:module') as typeof import('node:module');
  const path = require('node:path') as typeof import('node:path');
  const { pathToFileURL } = require('node:url') as typeof import('node:url');

  // The client asks for its native half by this name, relative to itself; versions 3 and 4 alike.
  const NATIVE_HALF = './rapid-client.node';
  // `fork()` hands execArgv on to children, which run another script and load no runtime client.
  const entry = process.env['CLICKSPAN_RUNTIME_CLIENT_ENTRY'];
  delete process.env['CLICKSPAN_RUNTIME_CLIENT_ENTRY'];

  if (entry !== undefined && process.argv[1] === entry) {
    const standIn = pathToFileURL(path.join(__dirname, `rapidClient${path.extname(__filename)}`)).href;
    const hooks = registerHooks({
      resolve: (specifier, context, nextResolve) => {
        if (specifier !== NATIVE_HALF) return nextResolve(specifier, context);
        hooks.deregister();
        return { url: standIn, format: 'commonjs', shortCircuit: true };
      },
    });
  }
}
