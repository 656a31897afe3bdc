import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Finds the property names that only the agent's own parts use among themselves, so that a bundle may shorten them: names
 * that this package and shared declare, but that stand nowhere in the agent's public types, in OTLP, in OpenTelemetry's
 * API, or in the types of JavaScript and the DOM.
 *
 * @param {string} root the folder of this package
 * @param {string} repository the folder of the workspace
 * @param {string[]} packages folders of packages whose names are to be kept, since the bundle imports them
 * @returns {string[]}
 */
export function findInternalNames(root, repository, packages = []) {
  const shared = join(repository, 'packages/shared/dist');
  const declared = readAll(
    ['features', 'platform', 'boot'].map((folder) => join(root, 'dist', folder)).concat(shared),
    '.d.ts',
  );
  const names = new Set(
    Array.from(declared.matchAll(/^\s+(?:private )?(?:readonly )?(\w+)\??[:(;]/gm), ([, name]) => name),
  );
  const library = join(repository, 'node_modules/typescript/lib');
  const reserved = [
    ...PUBLIC_TYPES.map((file) => readFileSync(join(root, 'dist', file), 'utf8')),
    ...Object.entries(PUBLIC_INTERFACES).map(([file, name]) => {
      const text = readFileSync(join(shared, file), 'utf8');
      return text.slice(text.indexOf(`interface ${name} `)).split('\n}', 1)[0];
    }),
    readFileSync(join(shared, 'otlp.js'), 'utf8').replace(/\.\w+/g, ''),
    readAll(
      ['@opentelemetry/api/build/src', ...packages].map((name) => join(repository, 'node_modules', name)),
      '.d.ts',
    ),
    ...readdirSync(library)
      .filter((file) => /^lib\.(?:dom|es).*\.d\.ts$/.test(file))
      .map((file) => readFileSync(join(library, file), 'utf8')),
  ];
  for (const text of reserved) {
    // What comments say is no name of a property.
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    for (const [word] of code.matchAll(/\w+/g)) names.delete(word);
  }
  return [...names];
}

/** Where the names stand that pages use. */
const PUBLIC_TYPES = ['boot/startAgent.d.ts', 'boot/optionSchema.d.ts'];
/** What `beforeSend` is given, of shared. */
const PUBLIC_INTERFACES = { 'tracer.d.ts': 'EndedSpan', 'otlp.d.ts': 'LogRecord' };

function readAll(folders, ending) {
  return folders
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((file) => file.endsWith(ending))
        .map((file) => readFileSync(join(folder, file), 'utf8')),
    )
    .join('\n');
}
