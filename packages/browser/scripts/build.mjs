#!/usr/bin/env node
// Bundles the compiled agent: `dist/clickspan.js` for the script tag and `dist/esm/clickspan.js` for bundlers, both whole
// in themselves. Run it after `tsc -b`.
import { hash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify as fold } from 'rolldown/utils';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from 'terser';
import { findInternalNames } from './internalNames.mjs';
import { nodePackages } from './nodePackages.mjs';
import { openTelemetryParts } from './openTelemetryParts.mjs';
import { skippableFunctions } from '../../../scripts/skippableFunctions.mjs';
import { visitNodes } from '../../../scripts/visitNodes.mjs';
import { webVitalsParts } from './webVitalsParts.mjs';

const root = resolve(import.meta.dirname, '..');
const repository = resolve(root, '../..');
const shared = resolve(root, '../shared/dist');

/** `names: false` keeps all names: what a bundle imports and is given has names of its own. */
const bundles = [
  // Stands in pages, so without a source map; the hash fits a policy's `script-src` too.
  { input: 'snippet', file: 'clickspan.snippet.js', format: 'es', isInline: true },
  { input: 'scriptTag', file: 'clickspan.js', format: 'iife' },
  {
    input: 'openTelemetryScriptTag',
    file: 'clickspan.opentelemetry.js',
    format: 'iife',
    hasOpenTelemetry: true,
  },
  {
    input: 'openTelemetryTracing',
    file: 'measured/openTelemetryTracing.js',
    format: 'iife',
    hasOpenTelemetry: true,
  },
  { input: 'npm', file: 'esm/clickspan.js', format: 'es' },
  { input: 'core', file: 'esm/core.js', format: 'es' },
  { input: 'openTelemetry', file: 'esm/opentelemetry.js', format: 'es', external: /^@opentelemetry\// },
  { input: 'react', file: 'esm/react.js', format: 'es', external: /^react/, names: false },
  { input: 'vue', file: 'esm/vue.js', format: 'es', names: false },
  { input: 'angular', file: 'esm/angular.js', format: 'es', names: false },
];

/** Gzip bytes that a file may have; docs/adr/0012-budgets-of-the-browser-agent.md says why as many. */
const sizeBounds = JSON.parse(await readFile(join(import.meta.dirname, 'sizeBounds.json'), 'utf8'));
const tooLarge = [];

/** What the licenses of the packages ask for that are in a bundle. */
function toNotices({ names, hasOpenTelemetry }) {
  const parts = [
    names !== false && 'web-vitals, (c) Google LLC',
    hasOpenTelemetry && 'OpenTelemetry JS, (c) The OpenTelemetry Authors',
  ].filter(Boolean);
  return parts.length ? `/* Contains parts of ${parts.join(' and of ')}; Apache-2.0; modified */` : undefined;
}

/** Takes the packages of the workspace from their compiled files. */
const workspacePackages = (ending) => ({
  name: 'workspace-packages',
  resolveId: (id) => (id.startsWith('@clickspan/shared/') ? join(shared, id.slice(18) + ending) : null),
});

/** The options' sentences are for the docs table; pages need not load them. */
const withoutDocs = {
  name: 'without-docs',
  transform(code, id) {
    if (!id.endsWith('optionSchema.js')) return null;
    const spans = [];
    visitNodes(this.parse(code), (node) => {
      if (node.type === 'Property' && node.key.name === 'doc') spans.push([node.start, node.end]);
    });
    let text = code;
    // Blanks in their place keep the source map right.
    for (const [start, end] of spans) {
      const after = text[end] === ',' ? end + 1 : end;
      text = text.slice(0, start) + ' '.repeat(after - start) + text.slice(after);
    }
    return { code: text, map: null };
  },
};

/** First the minifier that puts constants in their places, then the one that makes the shortest code. */
function minifyTwice(bundled) {
  const { format, external, names: shortens = true } = bundled;
  // Names with a low line are private in all packages; where OpenTelemetry's stay outside, theirs must be kept.
  const names = findInternalNames(root, repository, external ? ['@opentelemetry'] : []);
  const internalNames = new RegExp(`^(?:${names.join('|')}${external ? '' : '|_[a-zA-Z]\\w*'})$`);
  const isModule = format === 'es';
  return {
    name: 'minify-twice',
    async renderChunk(code, { fileName }) {
      const folded = await fold(fileName, code, {
        module: isModule,
        compress: { target: 'es2020' },
        mangle: { toplevel: isModule },
        sourcemap: true,
      });
      const { code: small, map } = await minify(
        { [fileName]: folded.code },
        {
          ecma: 2020,
          module: isModule,
          // More passes than six find nothing more.
          compress: { passes: 6, unsafe_arrows: isModule, unsafe_methods: true, pure_getters: true },
          mangle: { properties: shortens && { regex: internalNames } },
          format: { preamble: bundled.isInline ? undefined : toNotices(bundled) },
          sourceMap: { content: folded.map, asObject: true },
        },
      );
      return { code: small, map };
    },
  };
}

for (const bundled of bundles) {
  const { input, file, format, isInline, external = [] } = bundled;
  const bundle = await rollup({
    input: join(root, `dist/entries/${input}.js`),
    external,
    treeshake: 'smallest',
    plugins: [
      openTelemetryParts(root),
      workspacePackages('.js'),
      webVitalsParts(repository),
      nodePackages(repository),
      withoutDocs,
      format === 'iife' && skippableFunctions(),
      minifyTwice(bundled),
    ],
    onwarn(warning) {
      throw new Error(`Bundling ${file}: ${warning.message}`);
    },
  });
  const target = join(root, 'dist', file);
  await mkdir(dirname(target), { recursive: true });
  const { output } = await bundle.write({ format, sourcemap: !isInline, file: target });
  const { code } = output[0];
  const gzipBytes = gzipSync(code, { level: 9 }).length;
  const { [file]: maxGzipBytes } = sizeBounds;
  delete sizeBounds[file];
  if (gzipBytes > maxGzipBytes) {
    tooLarge.push(`${file} has ${gzipBytes} B gzip and may have ${maxGzipBytes}.`);
  }
  const integrity =
    format === 'iife' || isInline ? `, integrity="sha384-${hash('sha384', code, 'base64')}"` : '';
  process.stdout.write(`${file}: ${Buffer.byteLength(code)} B, ${gzipBytes} B gzip${integrity}\n`);
  if (format === 'es' && !isInline) await bundleTypes(input, file);
}
const unknown = Object.keys(sizeBounds);
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}, but a bound for it.`);
if (tooLarge.length > 0) {
  throw new Error(`${tooLarge.join(' ')} The bounds stand in packages/browser/scripts/sizeBounds.json.`);
}

/** The types of an entry in one file, with those of the OpenTelemetry API, so that apps need no package for them. */
async function bundleTypes(input, file) {
  const bundle = await rollup({
    input: join(root, `dist/entries/${input}.d.ts`),
    external: /^(?:react|react-router|vue-router|@angular\/router)$/,
    plugins: [workspacePackages('.d.ts'), dts({ includeExternal: ['@opentelemetry/api'] })],
  });
  await bundle.write({ format: 'es', file: join(root, 'dist/types', `${basename(file, '.js')}.d.ts`) });
}
