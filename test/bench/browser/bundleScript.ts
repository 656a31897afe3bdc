import { rolldown } from 'rolldown';

/**
 * Makes one minified script of an entry, as an app's bundler would. What is loaded on demand, later or never (a session
 * recorder), is left out: it would not be in the first download.
 *
 * @param input the entry's file
 */
export async function bundleScript(input: string): Promise<string> {
  const bundled = await rolldown({
    input,
    platform: 'browser',
    logLevel: 'silent',
    transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'leave-out-what-comes-later',
        resolveDynamicImport: () => ({ id: '\0later' }),
        load: (id) => (id === '\0later' ? 'export {}' : null),
      },
    ],
  });
  const { output } = await bundled.generate({ format: 'iife', minify: true, codeSplitting: false });
  return output[0].code;
}
