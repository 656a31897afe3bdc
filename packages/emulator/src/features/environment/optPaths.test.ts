import { describe, expect, it } from 'vitest';
import { mapOptPaths } from './optPaths.ts';

describe('mapOptPaths', () => {
  it.each([
    ['/opt/agent/wrapper', '/x/opt1/agent/wrapper'],
    ['--require /opt/agent/preload.cjs', '--require /x/opt1/agent/preload.cjs'],
    ['--require=/opt/a.cjs --import /opt/b.mjs', '--require=/x/opt1/a.cjs --import /x/opt1/b.mjs'],
    ['--import file:///opt/b.mjs', '--import file:///x/opt1/b.mjs'],
    ['/opt/bin:/opt/lib', '/x/opt1/bin:/x/opt1/lib'],
    ['/opt', '/x/opt1'],
    ['--require "/opt/a b.cjs"', '--require "/x/opt1/a b.cjs"'],
  ])('maps %s', (value, mapped) => {
    expect(mapOptPaths(value, '/x/opt1')).toBe(mapped);
  });

  it.each(['/usr/opt/thing', '/option/x', 'http://host/opt/x', 'opt/x', ''])(
    'leaves %s as it is',
    (value) => {
      expect(mapOptPaths(value, '/x/opt1')).toBe(value);
    },
  );
});
