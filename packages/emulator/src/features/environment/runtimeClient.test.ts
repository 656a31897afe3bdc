import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRuntimeClient, listRuntimes } from './runtimeClient.ts';

const find = (wanted: 'auto' | 'native' | 'stand-in', requireNative: boolean, built: boolean) =>
  findRuntimeClient('nodejs24.x', wanted, requireNative, () => built);

describe('findRuntimeClient', () => {
  it('takes the native half when it is built, and the stand-in otherwise', () => {
    expect(find('auto', false, true)).toMatchObject({ kind: 'native', preloadPath: undefined });
    expect(find('auto', false, false).kind).toBe('stand-in');
    expect(find('stand-in', false, true).kind).toBe('stand-in');
  });

  it('refuses to do without the native half where it must not, and says what to do', () => {
    expect(() => find('native', false, false)).toThrow('node scripts/buildNative.mjs');
    expect(() => find('auto', true, false)).toThrow('REQUIRE_NATIVE=1');
    expect(find('auto', true, true).kind).toBe('native');
  });

  it('names files that are there', () => {
    const { nodePath, entryPath, preloadPath } = find('stand-in', false, false);
    for (const path of [nodePath, entryPath, preloadPath!]) expect(existsSync(path)).toBe(true);
  });

  it.each(listRuntimes())('finds client and Node of %s', (runtime) => {
    const { nodePath, entryPath, clientDir } = findRuntimeClient(runtime, 'stand-in', false);
    expect([nodePath, entryPath, clientDir].every((path) => existsSync(path))).toBe(true);
    const { version } = JSON.parse(readFileSync(join(clientDir, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(version).toMatch(runtime === 'nodejs24.x' ? /^4\./ : /^3\./);
  });

  it('refuses a runtime that there is none of', () => {
    expect(() => findRuntimeClient('nodejs18.x' as 'nodejs22.x', 'auto', false)).toThrow(
      'is not one of: nodejs20.x, nodejs22.x, nodejs24.x',
    );
  });
});
