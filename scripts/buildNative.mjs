// Builds the native halves of the Lambda runtime clients (aws-lambda-ric 4 and 3), whose compiling install step the
// workspace never runs by itself (.npmrc: ignore-scripts). Does nothing where one is built already. Linux only, like them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clients, the Node to build each against, and where its native half comes to be. */
const CLIENTS = [
  { client: 'aws-lambda-ric', node: 'node24', half: 'rapid-client.node' },
  { client: 'aws-lambda-ric-3', node: 'nodejs22', half: 'dist/rapid-client.node' },
];
/** Tool and the Debian package that brings it. */
const TOOLS = [
  ['cmake', 'cmake'],
  ['make', 'make'],
  ['g++', 'g++'],
  ['xz', 'xz-utils'],
  ['python3', 'python3'],
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, 'packages', 'emulator', 'package.json'));

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The Node that functions run on: the native half is built against its headers, which lie in its package. */
function findNodeDir(alias) {
  const name = `${alias}-${process.platform}-${process.arch}`;
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return fail(`The package ${name} is not installed: run "npm ci" first.`);
  }
}

/** A file that exists may be half written or of another machine; only loading it tells. */
function loads(nodeDir, file) {
  if (!existsSync(file)) return false;
  const env = { ...process.env, NODE_OPTIONS: '', AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9' };
  const program = `process.exit(typeof require(${JSON.stringify(file)}).next === 'function' ? 0 : 1)`;
  return spawnSync(join(nodeDir, 'bin', 'node'), ['-e', program], { env, stdio: 'ignore' }).status === 0;
}

function refuseWithoutTools() {
  const missing = TOOLS.filter(([tool]) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name).join(' ');
  fail(`Missing: ${missing.map(([tool]) => tool).join(', ')}. On Debian: apt-get install ${packages}`);
}

function build({ client, node, half }) {
  const nodeDir = findNodeDir(node);
  const nativeHalf = join(dirname(require.resolve(`${client}/package.json`)), half);
  if (loads(nodeDir, nativeHalf)) return console.log(`native half of ${client}: built already`);
  refuseWithoutTools();
  console.log(`native half of ${client}: building, about a minute …`);
  const built = spawnSync('npm', ['rebuild', client, '--ignore-scripts=false', '--foreground-scripts'], {
    cwd: root,
    env: {
      ...process.env,
      npm_config_nodedir: nodeDir,
      PATH: [join(nodeDir, 'bin'), process.env.PATH].join(delimiter),
    },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (built.status !== 0 || !loads(nodeDir, nativeHalf)) {
    const output = `${built.stdout ?? ''}${built.stderr ?? ''}`.split('\n').slice(-60).join('\n');
    const why = built.error ? ` (${built.error.message})` : '';
    fail(`${output}\nnative half of ${client}: the build failed${why}.`);
  }
  console.log(`native half of ${client}: built`);
}

if (process.platform !== 'linux')
  fail('The native halves of the runtime clients build on Linux only; tests use the stand-in here.');
for (const each of CLIENTS) build(each);
