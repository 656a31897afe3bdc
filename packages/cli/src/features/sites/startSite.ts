import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import type { PlaceholderValues } from '../config/placeholders.ts';
import { fillPlaceholders } from '../config/placeholders.ts';
import { listen, LOOPBACK } from '../../platform/freePorts.ts';
import { toContentType } from './contentType.ts';

/** What a site is made of. */
export interface SiteOptions {
  /** Absolute path of the folder. */
  readonly dir: string;
  readonly port: number;
  /** Answer unknown paths with `index.html`. */
  readonly singlePage: boolean;
  /** Addresses for the placeholders of served HTML; asked for with each request. */
  readonly values: () => PlaceholderValues;
}

/** A folder that is being served. */
export interface Site {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves a folder on an origin of its own: files as they are, HTML with its placeholders filled. Nothing is kept by
 * browsers, so that a rebuilt file is seen at once.
 *
 * @param options folder and port
 * @returns the running site; undefined when the port is taken
 */
export async function startSite(options: SiteOptions): Promise<Site | undefined> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  if (!(await listen(server, options.port))) return undefined;
  return {
    url: `http://${LOOPBACK}:${options.port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: SiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  // The API allows one origin; the same site under its other name would be another one.
  if (headers.host === `localhost:${options.port}`) {
    response.writeHead(307, { location: `http://${LOOPBACK}:${options.port}${request.url}` }).end();
    return;
  }
  const path = toPath(request.url ?? '/');
  const found = path === undefined ? undefined : await findFile(options, path);
  if (!found) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not found\n');
    return;
  }
  if ('redirect' in found) {
    response.writeHead(308, { location: found.redirect }).end();
    return;
  }
  const type = toContentType(extname(found.file));
  let body: Buffer | string = await readFile(found.file);
  if (type.startsWith('text/html')) body = fillPlaceholders(body.toString(), toHtml(options.values()));
  response.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** The path of a request, decoded; undefined when it cannot be one. */
function toPath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(url, 'http://site').pathname);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

async function findFile(
  { dir, singlePage }: SiteOptions,
  path: string,
): Promise<{ file: string } | { redirect: string } | undefined> {
  const file = normalize(join(dir, path));
  if (file !== dir && !file.startsWith(dir.endsWith(sep) ? dir : dir + sep)) return undefined;
  const index = join(file, 'index.html');
  const kind = await toKind(file);
  if (kind === 'file' && !path.endsWith('/')) return { file };
  if (kind === 'folder' && (await toKind(index)) === 'file') {
    // Relative addresses of the page are meant relative to the folder.
    return path.endsWith('/') ? { file: index } : { redirect: `${encodeURI(path)}/` };
  }
  return singlePage && extname(path) === '' ? { file: join(dir, 'index.html') } : undefined;
}

async function toKind(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : undefined;
  } catch {
    return undefined;
  }
}

function toHtml(values: PlaceholderValues): PlaceholderValues {
  const escaped = Object.entries(values).map(([name, value]) => {
    return [name, value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')] as const;
  });
  return Object.fromEntries(escaped);
}
