import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findNode24, repository } from './packages.mjs';
import { runToEnd } from './process.mjs';

const resultFile = join(repository, 'node_modules/.cache/clickspan/tests.json');
/** A skipped test must say in its name which part of the system it missed. */
const REASON = /\(needs [^)]+\)/;

/**
 * Runs the tests, prints what was skipped and why, and a closing line with the counts.
 *
 * @param {string[]} args handed to vitest
 * @returns {Promise<number>} 0 when every test passed or was skipped for a missing system part
 */
export async function runTests(args) {
  mkdirSync(join(resultFile, '..'), { recursive: true });
  rmSync(resultFile, { force: true });
  const status = await runToEnd(findNode24(), [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
    ...args,
  ]);
  let report;
  try {
    report = JSON.parse(readFileSync(resultFile, 'utf8'));
  } catch {
    return status || 1;
  }
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const count = (...states) => tests.filter((test) => states.includes(test.status));
  const skipped = count('skipped', 'pending', 'todo', 'disabled');
  const unexplained = skipped.filter((test) => !REASON.test(test.fullName));
  for (const test of skipped) console.log(`skipped: ${test.fullName}`);
  for (const test of unexplained)
    console.log(`skipped without naming the missing system part: ${test.fullName}`);
  const failed = count('failed').length;
  console.log(`${count('passed').length} passed, ${failed} failed, ${skipped.length} skipped`);
  // Filters leave tests out on purpose; only a whole run is judged by what it skipped.
  const filtered = args.length > 0;
  return status || (unexplained.length > 0 && !filtered ? 1 : 0);
}
