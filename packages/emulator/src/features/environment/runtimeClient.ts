import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmulatorError } from '../../emulatorError.ts';
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
  /** The file that puts the stand-in in place, when it is used. */
  readonly preloadPath: string | undefined;
}

interface RuntimeSource {
  /** The aliases of Node's platform packages begin with this. */
  readonly nodePackage: string;
  readonly nodeMajor: number;
  readonly clientPackage: string;
  readonly entry: string;
  readonly nativeHalf: string;
}

/** Every runtime and where its parts are; Node 22 with client 3.3.0 would be one more row. */
const SOURCES: Readonly<Record<RuntimeName, RuntimeSource>> = {
  'nodejs24.x': {
    nodePackage: 'node24',
    nodeMajor: 24,
    clientPackage: 'aws-lambda-ric',
    entry: 'index.mjs',
    nativeHalf: 'rapid-client.node',
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
  if (!source)
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `runtime ${runtime} is not one of: ${Object.keys(SOURCES).join(', ')}`,
    );
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
    entryPath: join(findClientDir(source), source.entry),
    preloadPath: kind === 'stand-in' ? standInPath() : undefined,
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

function findClientDir({ clientPackage }: RuntimeSource): string {
  return dirname(createRequire(import.meta.url).resolve(`${clientPackage}/package.json`));
}

function findNode(source: RuntimeSource): string {
  const name = `${source.nodePackage}-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    if (Number(process.versions.node.split('.')[0]) >= source.nodeMajor) return process.execPath;
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_NODE_MISSING',
      `They need Node ${source.nodeMajor}: install the package ${name}, or run under Node ${source.nodeMajor}.`,
    );
  }
}

function standInPath(): string {
  // The same file beside the sources and beside the build, under the ending that each has.
  const ending = import.meta.url.endsWith('.ts') ? 'cts' : 'cjs';
  return fileURLToPath(new URL(`../../standIn/preload.${ending}`, import.meta.url));
}
