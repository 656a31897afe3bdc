import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** A file of the web pages, in memory. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Absent where packing does not help. */
  readonly gzipped?: Uint8Array;
  /** True when its name changes with its content, so that it may be kept for ever. */
  readonly immutable: boolean;
}

/** Finds the file for a path such as `/assets/x.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const PACKED_ALREADY: ReadonlySet<string> = new Set(['.png', '.woff2', '.ico']);
const pack = promisify(gzip);

/**
 * Reads the built pages into memory: nothing outside of this list can be asked for.
 *
 * @param root the folder; one that does not exist gives an empty list
 */
export async function loadPageFiles(root: string): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  const names = await readdir(root, { recursive: true }).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      if (!(await stat(path)).isFile()) return;
      const url = `/${name.split(sep).join('/')}`;
      files.set(url, await loadFile(path, url));
    }),
  );
  return files;
}

async function loadFile(path: string, url: string): Promise<PageFile> {
  const bytes = await readFile(path);
  const extension = extname(path);
  const gzipped = PACKED_ALREADY.has(extension) ? undefined : await pack(bytes);
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    bytes,
    immutable: url.startsWith('/assets/'),
    ...(gzipped && gzipped.length < bytes.length ? { gzipped } : {}),
  };
}
