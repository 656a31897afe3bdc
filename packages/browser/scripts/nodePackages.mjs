import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A rollup plugin that finds the files of npm packages as the bundlers of web apps do: a package's `module` entry, files
 * without ending, folders with an index, and what the field `browser` puts in another file's place.
 *
 * @param {string} repository the folder of the workspace
 */
export function nodePackages(repository) {
  return {
    name: 'node-packages',
    resolveId(id, importer) {
      if (!importer) return null;
      const isRelative = id.startsWith('.');
      if (isRelative && !importer.includes('/node_modules/')) return null;
      const path = isRelative ? join(dirname(importer), id) : findEntry(repository, id);
      const file = [path, `${path}.js`, join(path, 'index.js')].find((candidate) => isFile(candidate));
      return file ? { id: toBrowserFile(file), moduleSideEffects: false } : null;
    },
  };
}

function findEntry(repository, id) {
  const folder = join(repository, 'node_modules', id);
  const { exports, module, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, toModule(exports?.['.'] ?? exports) ?? module ?? main);
}

/** Of what a package exports under conditions, the file that is an ES module. */
function toModule(exported) {
  if (typeof exported !== 'object') return exported;
  const condition = ['browser', 'import', 'module', 'default'].find((name) => name in exported);
  return toModule(exported[condition]);
}

function toBrowserFile(file) {
  const folder = findPackage(dirname(file));
  const { browser } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const replaced = typeof browser === 'object' && browser[`.${file.slice(folder.length)}`];
  return replaced ? join(folder, replaced) : file;
}

function findPackage(folder) {
  return existsSync(join(folder, 'package.json')) ? folder : findPackage(dirname(folder));
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}
