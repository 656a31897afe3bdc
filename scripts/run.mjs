#!/usr/bin/env node
// The one door to every command of the workspace. It needs nothing but Node 20: it installs and builds what is missing,
// then runs the command under the Node 24 that is among the packages.
import { join } from 'node:path';
import { runBuild } from './build.mjs';
import { ensurePackages, findNode24, repository } from './packages.mjs';
import { runToEnd } from './process.mjs';
import { runTests } from './test.mjs';

const [command = 'help', ...rest] = process.argv.slice(2);

/** Tools of the packages, run under Node 24. */
const tool = (path, ...args) => runToEnd(node24(), [join(repository, 'node_modules', path), ...args]);
const script = (path, ...args) => runToEnd(node24(), [join(repository, path), ...args]);
const node24 = () => findNode24();

const commands = {
  async demo() {
    await runBuild();
    return script('examples/storefront/demo.ts', ...rest);
  },
  async test() {
    await runBuild();
    return runTests(rest);
  },
  async build() {
    await runBuild({ force: rest.includes('--force') });
    return 0;
  },
  async bench() {
    await runBuild();
    return script('test/bench/bench.ts', ...rest);
  },
  async screenshots() {
    await runBuild();
    return script('scripts/screenshots.ts', ...rest);
  },
  async 'tracecontext-service'() {
    await runBuild();
    return script('test/support/traceContextService.ts', ...rest);
  },
  async lint() {
    // The examples take the packages' published types.
    await runBuild();
    const steps = [
      ['prettier/bin/prettier.cjs', '--check', '.'],
      ['oxlint/bin/oxlint', '--deny-warnings'],
      ['@typescript/native/bin/tsc', '-b'],
      ['svelte-check/bin/svelte-check', '--tsgo', '--tsconfig', 'packages/console/src/ui/tsconfig.json'],
    ];
    for (const [path, ...args] of steps) {
      const status = await tool(path, ...args);
      if (status !== 0) return status;
    }
    return 0;
  },
  docs: async () => (await script('scripts/browserDocs.ts')) || (await script('scripts/lambdaDocs.ts')),
  format: () => tool('prettier/bin/prettier.cjs', '--write', '.'),
};

if (!Object.hasOwn(commands, command)) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(2);
}
try {
  await ensurePackages();
  process.exitCode = await commands[command]();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
