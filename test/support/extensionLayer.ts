import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** A layer's zip. */
export interface PackedLayer {
  readonly zipPath: string;
  readonly remove: () => Promise<void>;
}

/**
 * Packs a layer of external extensions.
 *
 * @param extensions text of each file of `extensions/` by its name
 * @param mode of the files; those of a program
 */
export async function packExtensions(
  extensions: Readonly<Record<string, string>>,
  mode = 0o100755,
): Promise<PackedLayer> {
  const dir = await mkdtemp(join(tmpdir(), 'clickspan-layer-'));
  const zipPath = join(dir, 'layer.zip');
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(extensions))
    zip.addBuffer(Buffer.from(text), `extensions/${name}`, { mode });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(zipPath));
  return { zipPath, remove: () => rm(dir, { recursive: true, force: true }) };
}

/**
 * The text of an extension that registers, then does for each event what it is told.
 *
 * @param events what it subscribes to
 * @param parts `before`: run before it registers; `onEvent`: run for each `event`, with `api` and `headers` at hand;
 *   `ready`: run once between registration and the first event
 */
export function extensionText(
  events: readonly string[],
  parts: { readonly before?: string; readonly ready?: string; readonly onEvent?: string } = {},
): string {
  return `#!/usr/bin/env node
(async () => {
  const name = require('node:path').basename(process.argv[1]);
  const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API;
  ${parts.before ?? ''}
  const registered = await fetch(api + '/2020-01-01/extension/register', {
    method: 'POST', headers: { 'Lambda-Extension-Name': name }, body: JSON.stringify({ events: ${JSON.stringify(events)} }),
  });
  const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
  console.log('registered ' + registered.status);
  ${parts.ready ?? ''}
  for (;;) {
    const event = await (await fetch(api + '/2020-01-01/extension/event/next', { headers })).json();
    console.log(JSON.stringify(event));
    ${parts.onEvent ?? `if (event.eventType === 'SHUTDOWN') process.exit(0);`}
  }
})();
`;
}
