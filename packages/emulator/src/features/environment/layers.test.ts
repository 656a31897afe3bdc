import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { unpackLayers } from './layers.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html: layers are unpacked into /opt, in their order, a
// later one over an earlier one.

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'clickspan-layers-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function zip(
  name: string,
  files: Readonly<Record<string, { text: string; mode?: number }>>,
): Promise<string> {
  const file = new ZipFile();
  for (const [path, { text, mode = 0o100644 }] of Object.entries(files))
    file.addBuffer(Buffer.from(text), path, { mode });
  file.end();
  const path = join(dir, name);
  await pipeline(file.outputStream, createWriteStream(path));
  return path;
}

describe('unpackLayers', () => {
  it('keeps modes, and lets a later layer write over an earlier one', async () => {
    const first = await zip('a.zip', {
      'agent/wrapper': { text: '#!/bin/sh', mode: 0o100755 },
      'agent/x': { text: 'old' },
    });
    const second = await zip('b.zip', { 'agent/x': { text: 'new', mode: 0o100600 } });
    const opt = join(dir, 'opt');
    await unpackLayers([first, second], opt);
    expect((await stat(join(opt, 'agent/wrapper'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(opt, 'agent/x'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(opt, 'agent/x'), 'utf8')).toBe('new');
  });

  it('starts from nothing each time', async () => {
    const opt = join(dir, 'opt');
    await unpackLayers([await zip('a.zip', { a: { text: '1' } })], opt);
    await unpackLayers([await zip('b.zip', { b: { text: '2' } })], opt);
    await expect(stat(join(opt, 'a'))).rejects.toThrow('ENOENT');
  });

  it('lets a link into /opt lead to the folder that stands for it', async () => {
    const opt = join(dir, 'opt');
    const link = { text: '/opt/lib64', mode: 0o120777 };
    await unpackLayers([await zip('a.zip', { lib: link, 'lib64/a': { text: 'here' } })], opt);
    expect(await readFile(join(opt, 'lib/a'), 'utf8')).toBe('here');
  });

  it('writes nothing through a link that leads outside, of this layer or an earlier one', async () => {
    const outside = join(dir, 'outside');
    await mkdir(outside);
    const link = { text: outside, mode: 0o120777 };
    const files = { 'way/out': { text: 'x' } };
    const both = await zip('both.zip', { way: link, ...files });
    const first = await zip('first.zip', { way: link });
    const second = await zip('second.zip', { 'way/new/out': { text: 'x' } });
    for (const layers of [[both], [first, second]]) {
      await expect(unpackLayers(layers, join(dir, 'opt'))).rejects.toThrow('leaves /opt by a link');
    }
    expect(await readdir(outside)).toEqual([]);
  });

  it('names a layer that cannot be read', async () => {
    await expect(unpackLayers([join(dir, 'none.zip')], join(dir, 'opt'))).rejects.toThrow('none.zip');
  });
});
