import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { deflateRawSync } from 'node:zlib';

/** What files weigh. */
export interface PackedSize {
  readonly files: number;
  readonly bytes: number;
  /** In a zip, compressed as far as zip can. */
  readonly zipBytes: number;
}

/** Of a zip: what each file takes besides its bytes and twice its name, and the end of the list. */
const ENTRY_BYTES = 76;
const END_BYTES = 22;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Weighs packages with all that they depend on, as npm installed them: what a function would have to carry, if it is not
 * bundled.
 *
 * @param folder whose `node_modules` they are in
 * @param names of the packages
 */
export function measurePackages(folder: string, names: readonly string[]): PackedSize {
  const found = new Set<string>();
  for (const name of names) collect(folder, name, found);
  return measureFiles(
    folder,
    [...found].flatMap((dir) => listFiles(dir)),
  );
}

/** Weighs files, with their names as seen from a folder. */
export function measureFiles(folder: string, paths: readonly string[]): PackedSize {
  let bytes = 0;
  let zipBytes = END_BYTES;
  for (const path of paths) {
    const content = readFileSync(path);
    bytes += content.length;
    const packed = deflateRawSync(content, { level: 9 }).length;
    zipBytes += Math.min(packed, content.length) + ENTRY_BYTES + 2 * relative(folder, path).length;
  }
  return { files: paths.length, bytes, zipBytes };
}

function collect(from: string, name: string, found: Set<string>): void {
  const dir = findPackage(from, name);
  // What is optional may be missing.
  if (dir === undefined || found.has(dir)) return;
  found.add(dir);
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest;
  for (const needed of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    collect(dir, needed, found);
}

/** Where Node would find a package. */
function findPackage(from: string, name: string): string | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    const candidate = join(dir, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (dir === dirname(dir)) return undefined;
  }
}

/** All files of a package but those of the packages within it. */
function listFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}
