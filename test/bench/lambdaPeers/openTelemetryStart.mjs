// Loads the bundle, then the loader hook where the runtime loads handlers by import(): as the layer does.
import { createRequire, register } from 'node:module';

createRequire(import.meta.url)('./openTelemetry.cjs');
if (/nodejs(2[4-9]|[3-9]\d)/.test(process.env.AWS_EXECUTION_ENV ?? '')) {
  register('import-in-the-middle/hook.mjs', import.meta.url);
}
