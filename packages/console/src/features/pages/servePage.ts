import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFile, PageFiles } from './pageFiles.ts';

/** Everything comes from this origin, and nothing is inline: scripts set styles by the object model, which this allows. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text can become markup, whatever a span's name or attribute holds.
  "require-trusted-types-for 'script'",
].join('; ');

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Clickspan</title>
<p>The console runs, but its pages have not been built: run <code>npm run build</code> and start it again.</p></html>`;

/** Answers with a file of the pages; any other path that could be a page's gets the start page, which knows its own routes. */
export function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  files: PageFiles,
  path: string,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const file = files.get(path) ?? (looksLikeFile(path) ? undefined : files.get('/index.html'));
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  if (file) sendFile(request, response, file);
  else if (looksLikeFile(path)) response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
  else response.writeHead(503, { 'Content-Type': 'text/html; charset=utf-8' }).end(NOT_BUILT);
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const packed = file.gzipped && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const bytes = packed ? file.gzipped : file.bytes;
  response.setHeader('Content-Type', file.type);
  response.setHeader('Content-Length', bytes.length);
  response.setHeader('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (file.gzipped) response.setHeader('Vary', 'Accept-Encoding');
  if (packed) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(200).end(request.method === 'HEAD' ? undefined : bytes);
}

function looksLikeFile(path: string): boolean {
  return path.startsWith('/assets/') || /\.[a-z0-9]+$/i.test(path);
}
