import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** For `vite dev`: where the console that answers the query API is listening. */
const consoleUrl = process.env['CLICKSPAN_CONSOLE_URL'] ?? 'http://127.0.0.1:4319';

export default defineConfig({
  root: `${import.meta.dirname}/src/ui`,
  base: '/',
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: {
        runes: true,
        // Builds elements one by one: the pages then live under `require-trusted-types-for 'script'`, where no text can become markup.
        fragments: 'tree',
      },
    }),
  ],
  build: {
    outDir: `${import.meta.dirname}/dist/ui`,
    emptyOutDir: true,
    target: ['chrome111', 'firefox114', 'safari16.4'],
    // Inlined assets are data: URLs, which the content security policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', proxy: { '/api': consoleUrl } },
});
