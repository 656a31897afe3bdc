import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of `/opt/extensions`. */
export interface ExtensionFile {
  readonly name: string;
  readonly path: string;
}

/**
 * Lists the external extensions of a function: every file in its layers' `extensions`, folders passed over
 * (rapid core, agents/agent.go `ListExternalAgentPaths`).
 *
 * @param optDir where the layers are unpacked
 */
export async function listExtensionFiles(optDir: string): Promise<readonly ExtensionFile[]> {
  const dir = join(optDir, 'extensions');
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => ({ name, path: join(dir, name) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
