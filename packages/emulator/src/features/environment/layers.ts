import { chmod, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { mapOptPaths } from './optPaths.ts';
import { EmulatorError } from '../../emulatorError.ts';

/** The kind of a file in the upper half of a zip entry's external attributes, as Unix tools write it. */
const FILE_KIND_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;
/** What an entry without any mode gets: readable for all, as AWS requires of layers. */
const DEFAULT_FILE_MODE = 0o644;

/**
 * Unpacks layer zips into one folder, each over the last, with their modes.
 *
 * @param zipPaths the zips, in the order of the function's configuration
 * @param optDir the folder, which is made anew
 */
export async function unpackLayers(zipPaths: readonly string[], optDir: string): Promise<void> {
  await rm(optDir, { recursive: true, force: true });
  await mkdir(optDir, { recursive: true });
  for (const zipPath of zipPaths) {
    // The order decides which layer wins.
    await unpackZip(zipPath, optDir);
  }
}

async function unpackZip(zipPath: string, optDir: string): Promise<void> {
  let zip: ZipFile;
  try {
    zip = await openPromise(zipPath, { lazyEntries: true });
  } catch (error) {
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_LAYER',
      `layer ${zipPath} cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
  try {
    for await (const entry of zip.eachEntry()) await unpackEntry(zip, entry, optDir);
  } finally {
    zip.close();
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, optDir: string): Promise<void> {
  const target = resolve(optDir, entry.fileName);
  if (target !== optDir && !target.startsWith(optDir + sep))
    throw new EmulatorError('CLICKSPAN_EMULATOR_LAYER', `layer entry ${entry.fileName} leaves /opt`);
  if (entry.fileName.endsWith('/')) {
    await refuseWayOut(target, optDir);
    await mkdir(target, { recursive: true });
    return;
  }
  await refuseWayOut(dirname(target), optDir);
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  const mode = (entry.externalFileAttributes >>> 16) & 0xffff;
  const stream = await zip.openReadStreamPromise(entry);
  if ((mode & FILE_KIND_MASK) === SYMBOLIC_LINK) {
    // A link into /opt leads to the folder that stands for it.
    await symlink(mapOptPaths(await text(stream), optDir), target);
    return;
  }
  await pipeline(stream, createWriteStream(target));
  await chmod(target, mode === 0 ? DEFAULT_FILE_MODE : mode & 0o777);
}

/** A link that an earlier entry has made may point anywhere: nothing is written through it. */
async function refuseWayOut(dir: string, optDir: string): Promise<void> {
  const root = await realpath(optDir);
  let there = dir;
  for (;;) {
    const real = await realpath(there).catch(() => undefined);
    if (real === root || real?.startsWith(root + sep)) return;
    if (real !== undefined)
      throw new EmulatorError(
        'CLICKSPAN_EMULATOR_LAYER',
        `layer entry under ${relative(optDir, dir)} leaves /opt by a link`,
      );
    there = dirname(there);
  }
}
