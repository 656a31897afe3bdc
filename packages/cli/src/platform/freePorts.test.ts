import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { findFreePorts, listen } from './freePorts.ts';

describe('findFreePorts', () => {
  it('grants a wish that is free, and passes over a port that is taken', async () => {
    const { wish } = await findFreePorts({ wish: undefined });
    expect(await findFreePorts({ a: wish })).toEqual({ a: wish });
    const taken = createServer();
    expect(await listen(taken, wish)).toBe(true);
    const { a } = await findFreePorts({ a: wish });
    expect(a).toBeGreaterThan(wish);
    taken.close();
  });

  it('gives two with the same wish two ports', async () => {
    const { wish } = await findFreePorts({ wish: undefined });
    const { a, b } = await findFreePorts({ a: wish, b: wish });
    expect(a).toBe(wish);
    expect(b).not.toBe(a);
  });

  it('finds one even at the end of the range', async () => {
    const { a, b } = await findFreePorts({ a: 65_535, b: 65_535 });
    expect(a).not.toBe(b);
  });
});
