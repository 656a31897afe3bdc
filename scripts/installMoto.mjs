// Installs moto, an emulator of AWS's services in Python, for the tests of calls of the AWS SDK. Needs Python 3 with pip, and
// 30 seconds; it is no part of Clickspan.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from './packages.mjs';
import { runToEnd } from './process.mjs';

const VERSION = '5.2.5';
const folder = join(repository, 'node_modules/.cache/clickspan', `moto-${VERSION}`);

if (!existsSync(folder)) {
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  const status = await runToEnd('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--target',
    unfinished,
    `moto[server]==${VERSION}`,
  ]);
  if (status === 0) renameSync(unfinished, folder);
  else rmSync(unfinished, { recursive: true, force: true });
  process.exitCode = status;
}
