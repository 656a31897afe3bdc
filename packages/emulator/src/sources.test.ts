import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCE =
  /https:\/\/(docs\.aws\.amazon\.com|docs\.kernel\.org|smithy\.io)\/|aws-lambda-runtime-interface-emulator at|aws-lambda-ric/;
/** What the emulator promises by itself: that nothing is left of it, its own files and options, its stand-in's. */
const OWN: readonly string[] = [
  'docs.test.ts',
  'emulatorKilled.test.ts',
  'emulatorRefusals.test.ts',
  'optPaths.test.ts',
  'reaper.test.ts',
  'runByClock.test.ts',
  'runtimeClient.test.ts',
  'sources.test.ts',
];

it('every test of what AWS does names its source', () => {
  const files = ['packages/emulator/src/**/*.test.ts', 'test/e2e/emulator*.test.ts'].flatMap((pattern) =>
    globSync(pattern, { cwd: ROOT }),
  );
  const without = files
    .filter((file) => !OWN.includes(basename(file)))
    .filter((file) => !SOURCE.test(readFileSync(`${ROOT}${file}`, 'utf8')));
  expect(files.length).toBeGreaterThan(40);
  expect(without).toEqual([]);
});
