import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Finds the property names that only the agent's own parts use among themselves, so that a bundle may shorten them: names
 * declared in its features, its platform and its core, but nowhere in shared (OTLP and the OpenTelemetry API are spelt
 * there), in its public types, or in the types of JavaScript and the DOM.
 *
 * @param {string} root the folder of this package
 * @param {string} repository the folder of the workspace
 * @returns {string[]}
 */
export function findInternalNames(root, repository) {
  const declared = readAll([join(root, 'dist/features'), join(root, 'dist/platform')], '.d.ts');
  const names = new Set(
    Array.from(declared.matchAll(/^\s+(?:readonly )?(\w+)\??[:(]/gm), ([, name]) => name),
  );
  const library = join(repository, 'node_modules/typescript/lib');
  const reserved = [
    readAll([join(repository, 'packages/shared/dist')], '.js'),
    readAll([join(repository, 'packages/shared/dist')], '.d.ts'),
    readAll([join(root, 'dist/boot')], '.d.ts'),
    ...readdirSync(library)
      .filter((file) => /^lib\.(?:dom|es).*\.d\.ts$/.test(file))
      .map((file) => readFileSync(join(library, file), 'utf8')),
  ];
  for (const text of reserved) for (const [word] of text.matchAll(/\w+/g)) names.delete(word);
  return [...names];
}

function readAll(folders, ending) {
  return folders
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((file) => file.endsWith(ending))
        .map((file) => readFileSync(join(folder, file), 'utf8')),
    )
    .join('\n');
}
