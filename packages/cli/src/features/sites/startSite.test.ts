import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePorts } from '../../platform/freePorts.ts';
import { startSite } from './startSite.ts';
import type { Site } from './startSite.ts';

const folder = mkdtempSync(join(tmpdir(), 'clickspan-site-'));
const dir = join(folder, 'site');
let site: Site;
let singlePage: Site;

beforeAll(async () => {
  mkdirSync(join(dir, 'app'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), '<p title="{{api.shop}}">{{ mine }}</p>');
  writeFileSync(join(dir, 'app/index.html'), 'app');
  writeFileSync(join(dir, 'shop.js'), '"{{api.shop}}"');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  mkdirSync(join(folder, 'site-other'));
  writeFileSync(join(folder, 'site-other/x.txt'), 'secret');
  symlinkSync(join(dir, 'shop.js'), join(dir, 'linked.js'));
  const { a, b } = await findFreePorts({ a: undefined, b: undefined });
  const values = (): Record<string, string> => ({ 'api.shop': 'http://127.0.0.1:5174/?"<' });
  site = (await startSite({ dir, port: a, singlePage: false, values }))!;
  singlePage = (await startSite({ dir, port: b, singlePage: true, values }))!;
});

afterAll(async () => {
  await Promise.all([site.stop(), singlePage.stop()]);
  rmSync(folder, { recursive: true });
});

/** As it is written: `fetch` would tidy the path up before it is sent. */
function get(
  url: string,
  path: string,
  options: { method?: string; host?: string } = {},
): Promise<{
  status: number;
  headers: Record<string, unknown>;
  body: string;
}> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    const { method = 'GET', host = `${hostname}:${port}` } = options;
    request({ hostname, port, path, method, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('startSite', () => {
  it('fills the placeholders of pages, safely for HTML, and leaves other templates and files alone', async () => {
    const page = await get(site.url, '/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toBe('<p title="http://127.0.0.1:5174/?&quot;&lt;">{{ mine }}</p>');
    const script = await get(site.url, '/shop.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.body).toBe('"{{api.shop}}"');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/app/../../secret.txt',
    '/../site-other/x.txt',
  ])('serves nothing from outside its folder: %s', async (path) => {
    const answer = await get(site.url, path);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret');
  });

  it.each(['/%', '/a%00b', '//', '/nothing'])('answers %s with 404 and lives on', async (path) => {
    expect((await get(site.url, path)).status).toBe(404);
    expect((await get(site.url, '/shop.js')).status).toBe(200);
  });

  it('sends a folder without its slash to the one with it, so that relative addresses are right', async () => {
    const answer = await get(site.url, '/app');
    expect([answer.status, answer.headers['location']]).toEqual([308, '/app/']);
    expect((await get(site.url, '/app/')).body).toBe('app');
  });

  it('sends its other name to the one that the API allows', async () => {
    const { port } = new URL(site.url);
    const answer = await get(site.url, '/app/?a=1', { host: `localhost:${port}` });
    expect([answer.status, answer.headers['location']]).toEqual([307, `http://127.0.0.1:${port}/app/?a=1`]);
  });

  it('refuses to be written to', async () => {
    const answer = await get(site.url, '/', { method: 'POST' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('gives the routes of a single-page app its page, but not a missing file', async () => {
    expect((await get(singlePage.url, '/basket/7')).body).toContain('<p title=');
    expect((await get(singlePage.url, '/missing.js')).status).toBe(404);
  });

  it('says so when its port is taken', async () => {
    const port = Number(new URL(site.url).port);
    expect(await startSite({ dir, port, singlePage: false, values: () => ({}) })).toBeUndefined();
  });
});
