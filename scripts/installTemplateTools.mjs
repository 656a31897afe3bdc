// Installs what the examples' templates are checked with: AWS's CDK, the Serverless Framework's open fork and HashiCorp's HCL
// parser by npm; cfn-lint and AWS's own translator of SAM by pip. Needs Python 3 with pip, 500 MB and half a minute; they are no
// part of Clickspan.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from './packages.mjs';
import { runToEnd } from './process.mjs';

const PYTHON_PACKAGES = ['cfn-lint==1.58.0', 'aws-sam-translator==1.115.0'];

process.exitCode = (await installByNpm()) || (await installByPip());

function installByNpm() {
  const folder = join(repository, 'test/support/templateTools');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  return runToEnd('npm', ['ci', '--prefix', folder, ...options]);
}

async function installByPip() {
  const name = PYTHON_PACKAGES.map((one) => one.replace('==', '-')).join('+');
  const folder = join(repository, 'node_modules/.cache/clickspan', `templates-${name}`);
  if (existsSync(folder)) return 0;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  const status = await runToEnd('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--target',
    unfinished,
    ...PYTHON_PACKAGES,
  ]);
  if (status === 0) renameSync(unfinished, folder);
  else rmSync(unfinished, { recursive: true, force: true });
  return status;
}
