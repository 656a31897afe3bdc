import { describe, expect, it } from 'vitest';
import { resolveEngineLibrary } from './engineLibrary.ts';

describe('resolveEngineLibrary', () => {
  it.each([
    ['win32', 'x64'],
    ['linux', 'riscv64'],
  ])('on %s %s says what to do instead', (platform, arch) => {
    expect(() => resolveEngineLibrary({ platform, arch })).toThrow(
      expect.objectContaining({
        code: 'CLICKSPAN_CONSOLE_ENGINE_MISSING',
        message: expect.stringContaining('set CLICKHOUSE_URL'),
      }),
    );
  });
});
