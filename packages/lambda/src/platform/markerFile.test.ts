import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMarkerFile } from './markerFile.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clickspan-marker-'));
  path = join(folder, 'marker');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a marker file', () => {
  it('gives what the process before has written last, and that there was one', () => {
    const first = openMarkerFile(path);
    expect(first.found).toBeUndefined();
    first.write('a longer line');
    first.write('short ä');
    const second = openMarkerFile(path);
    expect(second.found).toBe('short ä');
    second.write('again');
    second.clear();
    expect(openMarkerFile(path).found).toBe('');
    expect(openMarkerFile(path).found).toBe('');
  });

  it('refuses a line without room while somebody waits, and takes a long one otherwise', () => {
    const marker = openMarkerFile(path);
    expect([marker.write('x'.repeat(8191)), marker.write('ä'.repeat(4096))]).toEqual([true, false]);
    const long = 'ä'.repeat(100_000);
    marker.writeLong(long);
    expect(openMarkerFile(path).found).toBe(long);
  });

  it('can be read by nobody else', () => {
    openMarkerFile(path).write('x');
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('does nothing where it cannot be written, or leads elsewhere', () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'precious');
    symlinkSync(other, path);
    for (const place of [path, join(folder, 'no', 'such', 'folder'), '/dev/full']) {
      const marker = openMarkerFile(place);
      marker.write('x');
      marker.writeLong('x');
      marker.clear();
      if (place !== '/dev/full') expect(marker.found).toBeUndefined();
    }
    expect(readFileSync(other, 'utf8')).toBe('precious');
  });

  it('survives whatever stands in it', () => {
    writeFileSync(path, Buffer.alloc(3_000_000, 200));
    expect(openMarkerFile(path).found!.length).toBeGreaterThan(0);
  });
});
