import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** Packages are found from here. */
const cacheDir: string = resolve(import.meta.dirname, '../../node_modules/.cache');

/**
 * Bundles a piece of code for a page, as users bundle theirs for production.
 *
 * @param code of a module; may import whatever the workspace has installed
 * @returns one script without imports
 */
export async function bundle(code: string): Promise<string> {
  const dir = mkdtempSync(join(cacheDir, 'bundle-'));
  try {
    const input = join(dir, 'input.js');
    writeFileSync(input, code);
    const build = await rolldown({
      input,
      platform: 'browser',
      transform: { define: { 'process.env.NODE_ENV': '"production"' } },
      logLevel: 'silent',
    });
    const { output } = await build.generate({ format: 'iife', minify: true });
    await build.close();
    return output[0].code;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
