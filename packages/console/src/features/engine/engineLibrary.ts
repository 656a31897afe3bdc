import { createRequire } from 'node:module';
import { ConsoleError } from '../../consoleError.ts';

const require = createRequire(import.meta.url);

/**
 * Finds the engine's shared library.
 *
 * @param system which platform it is for; this one unless given
 * @returns its absolute path
 * @throws ConsoleError `CLICKSPAN_CONSOLE_ENGINE_MISSING`, which names what to install or to set instead
 */
export function resolveEngineLibrary(system: { platform: string; arch: string } = process): string {
  const platform = `${system.platform}-${system.arch}`;
  const libc = system.platform === 'linux' ? '-gnu' : '';
  const packageName = `@chdb/lib-${platform}${libc}`;
  for (const needed of [`${packageName}/libchdb.so`, 'ffi-rs']) {
    try {
      require.resolve(needed);
    } catch (cause) {
      const name = needed.split('/libchdb')[0]!;
      throw new ConsoleError(
        'CLICKSPAN_CONSOLE_ENGINE_MISSING',
        `${name} is not installed (${platform}). Install it where it exists ` +
          `(\`npm install --no-save ${packageName}@26.7.3-stable.1\`: Linux with glibc, macOS), ` +
          'or set CLICKHOUSE_URL to a ClickHouse server.',
        { cause },
      );
    }
  }
  return require.resolve(`${packageName}/libchdb.so`);
}
