import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { toFigure, type Figure } from './figure.ts';

const packages: string = resolve(import.meta.dirname, '../../packages');

/** The sizes of what users download, as the build left it. */
export function measureSizes(): Figure[] {
  const script = gzipSync(readFileSync(join(packages, 'browser/dist/clickspan.js')), { level: 9 }).length;
  const layer = statSync(join(packages, 'lambda/dist/layer.zip')).size;
  return [
    toFigure({ name: 'browser agent, gzip', unit: 'B', goal: 12_000, better: 'less', client: 'file' }, [
      script,
    ]),
    toFigure({ name: 'layer zip', unit: 'B', goal: 40_000, better: 'less', client: 'file' }, [layer]),
  ];
}
