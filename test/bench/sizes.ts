import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { toFigure, type Figure } from './figure.ts';

const packages: string = resolve(import.meta.dirname, '../../packages');

/** What the build makes for pages, and what it is to weigh compressed. */
const SCRIPTS: readonly (readonly [name: string, file: string, goal: number])[] = [
  ['browser agent, gzip', 'clickspan.js', 12_000],
  ['browser agent, OpenTelemetry edition, gzip', 'clickspan.opentelemetry.js', 32_000],
  [
    'browser agent, tracing core of the OpenTelemetry edition, gzip',
    'measured/openTelemetryTracing.js',
    21_500,
  ],
  ['browser agent, inline snippet, gzip', 'clickspan.snippet.js', 800],
];
const MAX_LAYER_BYTES = 40_000;

/** What the build refuses to exceed, by the names of files in `packages/browser/dist`. */
export const SIZE_BOUNDS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(packages, 'browser/scripts/sizeBounds.json'), 'utf8'),
) as Record<string, number>;

/** The sizes of what users download, as the build left it. */
export function measureSizes(): Figure[] {
  const figures = SCRIPTS.flatMap(([name, file, goal]) => {
    const path = join(packages, 'browser/dist', file);
    if (existsSync(path)) {
      const { length } = gzipSync(readFileSync(path), { level: 9 });
      return [toSize(name, length, goal, SIZE_BOUNDS[file])];
    }
    process.stderr.write(`sizes: ${file} has not been built and is left out.\n`);
    return [];
  });
  return [
    ...figures,
    toSize('layer zip', statSync(join(packages, 'lambda/dist/layer.zip')).size, MAX_LAYER_BYTES),
  ];
}

function toSize(name: string, bytes: number, goal: number, bound?: number): Figure {
  return toFigure({ name, unit: 'B', goal, bound, better: 'less', client: 'file' }, [bytes]);
}
