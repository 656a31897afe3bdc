import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Finds the property names that only the agent's own parts use among themselves, so that the layer may shorten them: names
 * that this package and shared declare, but that stand nowhere in a text of the agent's, in what other code knows of it, in
 * the types of JavaScript, Node, OpenTelemetry's API and Lambda, or where the agent handles what is not its own.
 *
 * @param {string} root the folder of this package
 * @param {string} repository the folder of the workspace
 * @returns {string[]}
 */
export function findInternalNames(root, repository) {
  const own = join(root, 'dist');
  const shared = join(repository, 'packages/shared/dist');
  const modules = join(repository, 'node_modules');
  const declared = read([own, shared], (file) => file.endsWith('.d.ts') && !FOREIGN.test(file));
  const names = new Set(
    declared.flatMap((text) =>
      Array.from(text.matchAll(/^\s+(?:readonly )?(\w+)\??[:(;]/gm), ([, name]) => name),
    ),
  );
  const types = [
    'typescript/lib',
    '@types/node',
    '@types/aws-lambda',
    '@opentelemetry/api/build/src',
    'undici-types',
  ];
  const reserved = [
    ...read([own, shared], (file) => file.endsWith('.d.ts') && FOREIGN.test(file)),
    ...read([own, shared], (file) => file.endsWith('.js') && FOREIGN.test(file)),
    ...read(
      types.map((folder) => join(modules, folder)),
      (file) => file.endsWith('.d.ts') && !/lib\.(dom|webworker)/.test(file),
    ),
    // What a text names may be looked up by it, or stand in JSON.
    ...read([own, shared], (file) => file.endsWith('.js')).flatMap(
      (text) => text.match(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"/g) ?? [],
    ),
  ];
  for (const text of reserved) {
    // What comments say is no name of a property.
    for (const [word] of text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').matchAll(/\w+/g)) names.delete(word);
  }
  return [...names];
}

/** Where the agent handles what is not its own, is known to others, or reads names that it puts together. */
const FOREIGN =
  /[/](?:platform|triggers|outgoing|handler|entries)[/]|[/](?:globalAgent|[oO]tlp\w*|\w*[oO]ptions|crashRecord|unfinished|interrupted|httpResponse|responseHeaders|batchFailures|exception)\.(?:d\.ts|js)$/;

function read(folders, isWanted) {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .map((file) => join(folder, file))
      .filter(isWanted)
      .map((file) => readFileSync(file, 'utf8')),
  );
}
