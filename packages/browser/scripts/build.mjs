#!/usr/bin/env node
// Bundles the compiled agent: `dist/clickspan.js` for the script tag and `dist/esm/clickspan.js` for bundlers, both whole
// in themselves. Run it after `tsc -b`.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify as fold } from 'rolldown/utils';
import { rollup } from 'rollup';
import { minify } from 'terser';
import { findInternalNames } from './internalNames.mjs';
import { nodePackages } from './nodePackages.mjs';
import { openTelemetryParts } from './openTelemetryParts.mjs';
import { webVitalsParts } from './webVitalsParts.mjs';

const root = resolve(import.meta.dirname, '..');
const repository = resolve(root, '../..');
const shared = resolve(root, '../shared/dist');

const bundles = [
  { input: 'dist/entries/scriptTag.js', file: 'dist/clickspan.js', format: 'iife' },
  {
    input: 'dist/entries/openTelemetryScriptTag.js',
    file: 'dist/clickspan.opentelemetry.js',
    format: 'iife',
    hasOpenTelemetry: true,
  },
  {
    input: 'dist/entries/openTelemetry.js',
    file: 'dist/esm/opentelemetry.js',
    format: 'es',
    external: /^@opentelemetry\//,
  },
  { input: 'dist/entries/npm.js', file: 'dist/esm/clickspan.js', format: 'es' },
];

/** What the license of OpenTelemetry's packages asks for. */
const NOTICE =
  '/* Contains parts of OpenTelemetry JS, (c) The OpenTelemetry Authors, Apache-2.0; modified */';

/** Takes the packages of the workspace from their compiled files. */
const workspacePackages = {
  name: 'workspace-packages',
  resolveId: (id) => (id.startsWith('@clickspan/shared/') ? join(shared, `${id.slice(18)}.js`) : null),
};

/** The options' sentences are for the docs table; pages need not load them. */
const withoutDocs = {
  name: 'without-docs',
  transform(code, id) {
    if (!id.endsWith('optionSchema.js')) return null;
    const spans = [];
    visit(this.parse(code), (node) => {
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

function visit(node, see) {
  if (!node || typeof node !== 'object') return;
  if (typeof node.type === 'string') see(node);
  for (const child of Object.values(node)) visit(child, see);
}

/** First the minifier that puts constants in their places, then the one that makes the shortest code. */
function minifyTwice({ format, external, hasOpenTelemetry }) {
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
          compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true, pure_getters: true },
          mangle: { properties: { regex: internalNames } },
          format: { preamble: hasOpenTelemetry ? NOTICE : undefined },
          sourceMap: { content: folded.map, asObject: true },
        },
      );
      return { code: small, map };
    },
  };
}

for (const bundled of bundles) {
  const { input, file, format, external = [] } = bundled;
  const bundle = await rollup({
    input: join(root, input),
    external,
    treeshake: 'smallest',
    plugins: [
      openTelemetryParts(root),
      workspacePackages,
      webVitalsParts(repository),
      nodePackages(repository),
      withoutDocs,
      minifyTwice(bundled),
    ],
    onwarn(warning) {
      throw new Error(`Bundling ${file}: ${warning.message}`);
    },
  });
  const target = join(root, file);
  await mkdir(dirname(target), { recursive: true });
  const { output } = await bundle.write({ format, sourcemap: true, file: target });
  const { code } = output[0];
  const gzipBytes = gzipSync(code, { level: 9 }).length;
  process.stdout.write(`${file}: ${Buffer.byteLength(code)} B, ${gzipBytes} B gzip\n`);
}
