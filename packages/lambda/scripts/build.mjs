/**
 * Bundles what `tsc -b` has compiled: the layer (`dist/layer`, `dist/layer.zip`) and the npm module (`dist/npm`), and
 * prints their sizes. The zip is the same for the same sources.
 */
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import zopfli from '@gfx/zopfli';
import { Zip, ZipPassThrough } from 'fflate';
import { minify as fold } from 'rolldown/utils';
import { rollup } from 'rollup';
import { minify } from 'terser';
import { skippableFunctions } from '../../../scripts/skippableFunctions.mjs';
import { findInternalNames } from './internalNames.mjs';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const layer = join(dist, 'layer', 'clickspan');
/** Zip files hold local times from 1980 on; a fixed one makes the bytes the same everywhere. */
const MTIME = new Date('2020-01-01T00:00:00');
/** The system whose file modes a zip holds. */
const UNIX = 3;

const resolveShared = {
  name: 'resolve-shared',
  resolveId: (id) =>
    id.startsWith('@clickspan/shared/') ? join(root, '..', 'shared', 'dist', `${id.slice(18)}.js`) : null,
};

/** The sentences about options are for the docs; an agent does not carry them. */
const dropDocs = {
  name: 'drop-docs',
  transform: (code, id) =>
    /options\.js$/i.test(id) ? { code: code.replaceAll(/\bdoc: '(?:[^'\\]|\\.)*',?/g, ''), map: null } : null,
};

/** The compiler puts a rewriting of relative paths around `import()` of a variable; the handler's path is absolute. */
const bareImport = {
  name: 'bare-import',
  transform: (code) =>
    code.includes('__rewriteRelativeImportExtension')
      ? {
          code: code
            .replace(/^var __rewriteRelativeImportExtension = [^]*?^};\n/m, '')
            .replaceAll(/__rewriteRelativeImportExtension\(/g, '('),
          map: null,
        }
      : null,
};

const internalNames = new RegExp(`^(?:${findInternalNames(root, join(root, '../..')).join('|')})$`);
/** The files of the layer hand each other objects: a name is shortened to the same one in all. */
const shortened = {};

/** Each minifier finds what the other leaves. */
const minifyChunk = {
  name: 'minify',
  async renderChunk(code, { fileName }, { format }) {
    const isModule = format === 'es';
    const folded = await fold(fileName, code, {
      module: isModule,
      compress: { target: 'es2022' },
      mangle: { toplevel: true },
    });
    const nameCache = { props: shortened };
    const result = await minify(folded.code, {
      ecma: 2022,
      module: isModule,
      toplevel: true,
      compress: { passes: 3 },
      mangle: { properties: { regex: internalNames } },
      nameCache,
      format: { comments: false, ascii_only: true },
    });
    Object.assign(shortened, nameCache.props);
    return { code: result.code, map: null };
  },
};

/**
 * Takes Node's modules straight from the process: an ES module that imports them makes a namespace of each, which costs
 * a cold start 4 ms and 1 MB. The preload makes sure that the function is there (Node 20.16, 22.3).
 */
const builtinsWithoutImport = {
  name: 'builtins-without-import',
  renderChunk: (code) => ({
    code: code.replaceAll(
      /^import\s*\{([^}]*)\}\s*from\s*(['"]node:[\w/]+['"]);/gm,
      (_, names, module) => `const{${names.replaceAll(' as ', ':')}}=process.getBuiltinModule(${module});`,
    ),
    map: null,
  }),
};

/** Puts a file in its place at once: a function that starts meanwhile finds the old one or the new one. */
async function put(file, content, mode = 0o644) {
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(temporary, content);
  await chmod(temporary, mode);
  await rename(temporary, file);
}

async function bundle(entry, file, format, plugins) {
  const built = await rollup({
    input: join(dist, 'entries', entry),
    external: /^node:/,
    treeshake: 'smallest',
    plugins: [resolveShared, bareImport, dropDocs],
    onwarn(warning) {
      throw new Error(`${entry}: ${warning.message}`);
    },
  });
  const { output } = await built.generate({
    format,
    inlineDynamicImports: true,
    generatedCode: { preset: 'es2015', symbols: false },
    interop: 'esModule',
    plugins,
  });
  await put(file, output[0].code);
  await built.close();
}

/** A file of the zip whose compressed form is known before. */
class PackedFile extends ZipPassThrough {
  compression = 8;

  constructor(name, packed) {
    super(name);
    this.packed = packed;
  }

  process(_content, final) {
    this.ondata(null, this.packed, final);
  }
}

/** Zopfli finds the smallest form that any unzip reads: 2 to 3 % less than the highest level of zlib. */
const pack = promisify(zopfli.deflate);

async function writeZip(file, entries) {
  const chunks = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  for (const { name, path, mode } of entries) {
    const content = await readFile(path);
    const packed = new PackedFile(name, await pack(content, { numiterations: 15 }));
    zip.add(Object.assign(packed, { mtime: MTIME, os: UNIX, attrs: mode << 16 }));
    packed.push(content, true);
  }
  zip.end();
  await put(file, Buffer.concat(chunks));
}

await bundle('preload.js', join(layer, 'preload.cjs'), 'cjs', [minifyChunk]);
await bundle('shim.js', join(layer, 'shim.mjs'), 'es', [
  builtinsWithoutImport,
  skippableFunctions(),
  minifyChunk,
]);
await bundle('optional.js', join(layer, 'optional.cjs'), 'cjs', [skippableFunctions(), minifyChunk]);
// Left readable: users bundle and minify it with their own code.
await bundle('npm.js', join(dist, 'npm', 'clickspan.mjs'), 'es', []);
await put(join(layer, 'wrapper'), await readFile(join(root, 'scripts', 'wrapper')), 0o755);

const files = ['preload.cjs', 'shim.mjs', 'optional.cjs', 'wrapper'];
await writeZip(
  join(dist, 'layer.zip'),
  files.map((name) => ({
    name: `clickspan/${name}`,
    path: join(layer, name),
    mode: name === 'wrapper' ? 0o100755 : 0o100644,
  })),
);

for (const path of [
  ...files.map((name) => join(layer, name)),
  join(dist, 'npm', 'clickspan.mjs'),
  join(dist, 'layer.zip'),
]) {
  const { size } = await stat(path);
  const packed = path.endsWith('.zip') ? size : gzipSync(await readFile(path), { level: 9 }).length;
  process.stdout.write(`${path.slice(root.length)}: ${size} bytes, ${packed} packed\n`);
}
