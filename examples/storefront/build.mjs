// Builds the shop as its users would: one esbuild call for the functions, one for the pages.
import { cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const dist = join(here, 'dist');
await rm(dist, { recursive: true, force: true });

await build({
  entryPoints: ['catalog', 'orders', 'fulfil'].map((name) => ({
    in: join(here, `functions/${name}.ts`),
    out: `${name}/index`,
  })),
  outdir: join(dist, 'functions'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  // Some of what the AWS SDK depends on is CommonJS and calls require for what Node brings along.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});

// Two sites that differ in the edition of the agent alone.
await buildSite('site', 'clickspan.js', '@clickspan/browser');
await buildSite('site-opentelemetry', 'clickspan.opentelemetry.js', '@clickspan/browser/opentelemetry');

/** The page with the script tag takes the agent as one file from its own origin, the page at `/app/` takes it by npm. */
async function buildSite(name, script, module) {
  const site = join(dist, name);
  await mkdir(site, { recursive: true });
  for (const file of ['index.html', 'app/index.html', 'shop.css', 'favicon.svg']) {
    await cp(join(here, 'web', file), join(site, file));
  }
  const agent = createRequire(import.meta.url).resolve(`@clickspan/browser/${script}`);
  await cp(agent, join(site, 'clickspan.js'));
  await build({
    entryPoints: [
      { in: join(here, 'web/page.ts'), out: 'page' },
      { in: join(here, 'web/app/app.ts'), out: 'app/app' },
    ],
    outdir: site,
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    ...(module !== '@clickspan/browser' && { alias: { '@clickspan/browser': module } }),
  });
}
