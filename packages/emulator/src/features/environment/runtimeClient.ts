import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmulatorError } from '../../emulatorError.ts';
import { refuseOption } from '../../platform/optionFaults.ts';
import type { RuntimeName } from './functionConfig.ts';

/** Which native half the real runtime client runs with. */
export type RuntimeClientKind = 'native' | 'stand-in';

/** What to start for one runtime. */
export interface RuntimeClient {
  readonly kind: RuntimeClientKind;
  /** Path of the `node` that runs it. */
  readonly nodePath: string;
  /** The client's entry file. */
  readonly entryPath: string;
  /** Where the client's own files are: the stand-in for `/var/runtime`. */
  readonly clientDir: string;
  /** The file that puts the stand-in in place, when it is used. */
  readonly preloadPath: string | undefined;
}

interface RuntimeSource {
  /** The aliases of Node's platform packages begin with this. */
  readonly nodePackage: string;
  readonly nodeMajor: number;
  /** A newer Node would do as well, where the packaged one is not to be had. */
  readonly orNewer: boolean;
  readonly clientPackage: string;
  /** The client's entry in its package; ours, beside the stand-in, where the client is only a library. */
  readonly entry: string | undefined;
  readonly nativeHalf: string;
  /** What to do where the client is missing. */
  readonly install: string;
}

/** Client 3.3.0, which AWS's runtimes before nodejs24.x are made of: handlers with callbacks, `require` of CommonJS. */
const CLIENT_3 = {
  clientPackage: 'aws-lambda-ric-3',
  entry: undefined,
  nativeHalf: 'dist/rapid-client.node',
  install: 'npm install --ignore-scripts aws-lambda-ric-3@npm:aws-lambda-ric@3.3.0',
  orNewer: false,
} as const;

/** Every runtime and where its parts are. */
const SOURCES: Readonly<Record<RuntimeName, RuntimeSource>> = {
  'nodejs20.x': { nodePackage: 'nodejs20', nodeMajor: 20, ...CLIENT_3 },
  'nodejs22.x': { nodePackage: 'nodejs22', nodeMajor: 22, ...CLIENT_3 },
  'nodejs24.x': {
    nodePackage: 'node24',
    nodeMajor: 24,
    orNewer: true,
    clientPackage: 'aws-lambda-ric',
    entry: 'index.mjs',
    nativeHalf: 'rapid-client.node',
    install: 'npm install --ignore-scripts aws-lambda-ric',
  },
};

/**
 * Finds the runtime client and the Node for a runtime.
 *
 * @param runtime the runtime's name
 * @param wanted `auto` takes the native half when it has been built
 * @param requireNative makes `auto` refuse the stand-in
 * @param isBuilt looks for the native half
 * @returns what to start; throws when a part is missing, and says how to get it
 */
export function findRuntimeClient(
  runtime: RuntimeName,
  wanted: 'auto' | RuntimeClientKind,
  requireNative: boolean,
  isBuilt: (path: string) => boolean = existsSync,
): RuntimeClient {
  const source = SOURCES[runtime];
  if (!source) refuseOption(`runtime ${runtime}`, `is not one of: ${Object.keys(SOURCES).join(', ')}`);
  const built = isBuilt(join(findClientDir(source), source.nativeHalf));
  if (!built && (wanted === 'native' || (wanted === 'auto' && requireNative))) {
    const why = wanted === 'native' ? 'was asked for' : 'is required (REQUIRE_NATIVE=1)';
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_NATIVE_MISSING',
      `It ${why}: run "node scripts/buildNative.mjs" (needs cmake, make, g++, xz, python3), or allow the stand-in.`,
    );
  }
  const kind = wanted === 'stand-in' || !built ? 'stand-in' : 'native';
  return {
    kind,
    nodePath: findNode(source),
    entryPath:
      source.entry === undefined ? standInPath('runtime3', 'm') : join(findClientDir(source), source.entry),
    clientDir: findClientDir(source),
    preloadPath: kind === 'stand-in' ? standInPath('preload', 'c') : undefined,
  };
}

/**
 * Lists the native halves that a runtime can run with on this machine, the stand-in always among them.
 *
 * @param runtime the runtime's name
 */
export function listRuntimeClients(runtime: RuntimeName): readonly RuntimeClientKind[] {
  const source = SOURCES[runtime];
  return existsSync(join(findClientDir(source), source.nativeHalf)) ? ['stand-in', 'native'] : ['stand-in'];
}

/** Lists the runtimes whose Node and client are to be had on this machine. */
export function listRuntimes(): readonly RuntimeName[] {
  const names = Object.keys(SOURCES) as RuntimeName[];
  return names.filter((name) => {
    try {
      return findRuntimeClient(name, 'stand-in', false).nodePath !== '';
    } catch {
      return false;
    }
  });
}

function findClientDir({ clientPackage, install }: RuntimeSource): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${clientPackage}/package.json`));
  } catch (error) {
    throw new EmulatorError('CLICKSPAN_EMULATOR_CLIENT_MISSING', `Install it: ${install}`, { cause: error });
  }
}

function findNode(source: RuntimeSource): string {
  const name = `${source.nodePackage}-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    const fits = (version: string): boolean => {
      const major = Number(version.split('.')[0]);
      return source.orNewer ? major >= source.nodeMajor : major === source.nodeMajor;
    };
    if (fits(process.versions.node)) return process.execPath;
    const found = nodesInPath().find((node) => fits(node.version));
    if (found) return found.path;
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_NODE_MISSING',
      `They need Node ${source.nodeMajor}: install the package ${name}, or have Node ${source.nodeMajor} in PATH.`,
    );
  }
}

let nodes: readonly { readonly path: string; readonly version: string }[] | undefined;

/** Every Node in PATH with its version, asked once: each answer is a process. */
function nodesInPath(): readonly { readonly path: string; readonly version: string }[] {
  nodes ??= (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((dir) => join(dir, 'node'))
    .filter((path) => existsSync(path))
    .flatMap((path) => {
      const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], {
        encoding: 'utf8',
        env: {},
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return stdout ? [{ path, version: stdout }] : [];
    });
  return nodes;
}

function standInPath(name: string, kind: 'c' | 'm'): string {
  // The same file beside the sources and beside the build, under the ending that each has.
  const ending = import.meta.url.endsWith('.ts') ? `${kind}ts` : `${kind}js`;
  return fileURLToPath(new URL(`../../standIn/${name}.${ending}`, import.meta.url));
}
