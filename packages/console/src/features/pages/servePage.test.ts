import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpListener } from '../../platform/httpServer.ts';
import type { HttpListener } from '../../platform/httpServer.ts';
import { loadPageFiles } from './pageFiles.ts';
import { servePage } from './servePage.ts';

let folder: string;
let listener: HttpListener;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clickspan-pages-'));
  await mkdir(join(folder, 'ui/assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'ui/index.html'), '<!doctype html><title>start</title>');
  await writeFile(join(folder, 'ui/assets/app-1a2b.js'), 'export const x = 1;\n'.repeat(100));
  const files = await loadPageFiles(join(folder, 'ui'));
  listener = await startHttpListener({
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 10_000,
    handle: (request, response) =>
      servePage(request, response, files, new URL(request.url!, 'http://x').pathname),
  });
});

afterAll(async () => {
  await listener.stop(0);
  await rm(folder, { recursive: true });
});

describe('servePage', () => {
  it('sends the start page for any path that the pages may know', async () => {
    for (const path of ['/', '/index.html', '/traces/0af7651916cd43dd8448eb211c80319c']) {
      const response = await fetch(listener.url + path);
      expect(await response.text()).toContain('<title>start</title>');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('lets a file whose name tells its content be kept for ever, packed for who can unpack', async () => {
    const response = await fetch(`${listener.url}/assets/app-1a2b.js`);
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('content-type')).toContain('text/javascript');
    expect(await response.text()).toContain('export const x');
  });

  it('does not answer a missing file with the start page', async () => {
    expect((await fetch(`${listener.url}/assets/old-9z.js`)).status).toBe(404);
    expect((await fetch(`${listener.url}/favicon.ico`)).status).toBe(404);
  });

  it('cannot be led out of its folder', async () => {
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt']) {
      expect(await (await fetch(listener.url + path)).text()).not.toContain('secret');
    }
  });

  it('is only read', async () => {
    expect((await fetch(listener.url, { method: 'POST', body: 'x' })).status).toBe(405);
  });
});
