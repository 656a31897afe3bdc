import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles a function as users do, so that all names of the SDK's classes are gone. */
export async function bundleFunction(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outputFiles[0]!.text;
}

/** The same function with its packages beside it: they are loaded from node_modules, and ours is not there. */
export function withInstalledPackages(source: string): string {
  return source
    .replaceAll(
      /from '(@(?:aws-sdk|smithy)\/[\w-]+)'/g,
      (_, name: string) => `from '${ROOT}node_modules/${name}/dist-cjs/index.js'`,
    )
    .replaceAll(/import .* from '@clickspan\/lambda';/g, 'const traceAwsClient = (client) => client;');
}
