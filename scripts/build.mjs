import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNode24, repository } from './packages.mjs';
import { runToEnd } from './process.mjs';

const stampFile = join(repository, 'node_modules/.cache/clickspan/built.json');

/** What both agents are bundled with. */
const bundling = ['scripts/skippableFunctions.mjs', 'scripts/visitNodes.mjs'];

/**
 * What is built, in order: a step runs when its inputs differ from those of its last run, or an output is missing.
 * The first step compiles every package, so what a later one bundles from `dist` follows from these same sources.
 */
const steps = [
  {
    name: 'packages',
    inputs: ['packages', 'tsconfig.base.json', 'tsconfig.json', 'package-lock.json'],
    outputs: ['packages/cli/dist/entries/clickspan.js'],
    args: ['node_modules/@typescript/native/bin/tsc', '-b', ...packagesInOrder()],
  },
  {
    name: 'browser agent',
    inputs: ['packages/browser', 'packages/shared', ...bundling, 'package-lock.json'],
    outputs: [
      'packages/browser/dist/clickspan.js',
      'packages/browser/dist/clickspan.opentelemetry.js',
      'packages/browser/dist/esm/clickspan.js',
      'packages/browser/dist/esm/core.js',
      'packages/browser/dist/esm/opentelemetry.js',
      'packages/browser/dist/types/clickspan.d.ts',
    ],
    args: ['packages/browser/scripts/build.mjs'],
  },
  {
    name: 'Lambda layer',
    inputs: ['packages/lambda', 'packages/shared', ...bundling, 'package-lock.json'],
    outputs: ['packages/lambda/dist/layer.zip', 'packages/lambda/dist/npm/clickspan.mjs'],
    args: ['packages/lambda/scripts/build.mjs'],
  },
  {
    name: 'console pages',
    inputs: ['packages/console', 'package-lock.json'],
    outputs: ['packages/console/dist/ui/index.html'],
    args: ['node_modules/vite/bin/vite.js', 'build', '--config', 'packages/console/vite.config.ts'],
  },
  {
    name: 'example storefront',
    inputs: [
      'examples/storefront',
      'packages/browser',
      'packages/lambda',
      'packages/shared',
      'package-lock.json',
    ],
    outputs: ['examples/storefront/dist'],
    args: ['examples/storefront/build.mjs'],
  },
];

function packagesInOrder() {
  return ['shared', 'browser', 'lambda', 'emulator', 'console', 'cli'].map((name) => `packages/${name}`);
}

/**
 * Builds what is not up to date.
 *
 * @param {{ force?: boolean }} options `force` builds everything
 * @throws when a step fails; its messages have been printed by then
 */
export async function runBuild({ force = false } = {}) {
  const stamps = !force && existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
  for (const { name, inputs, outputs, args } of steps) {
    const fingerprint = hashOf(inputs);
    const whole = outputs.every((path) => existsSync(join(repository, path)));
    if (whole && stamps[name] === fingerprint) continue;
    console.error(`Building ${name} …`);
    const status = await runToEnd(findNode24(), args, { quiet: true });
    if (status !== 0) throw new Error(`Building ${name} failed; its messages are above.`);
    stamps[name] = fingerprint;
    mkdirSync(join(stampFile, '..'), { recursive: true });
    writeFileSync(stampFile, JSON.stringify(stamps));
  }
}

/** A digest of everything below some paths that can change what is built. */
function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(path)) {
      hash.update(file);
      hash.update('\0');
      hash.update(readFileSync(join(repository, file)));
      hash.update('\0');
    }
  }
  return hash.digest('hex');
}

const PASSED_OVER = new Set(['node_modules', 'dist', '.svelte-check', '.data', '.cache']);

function filesBelow(path) {
  if (!statSync(join(repository, path)).isDirectory()) return [path];
  return readdirSync(join(repository, path), { withFileTypes: true })
    .filter((entry) => !PASSED_OVER.has(entry.name) && !entry.name.endsWith('.test.ts'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesBelow(`${path}/${entry.name}`));
}
