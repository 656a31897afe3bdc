import { describe, expect, it } from 'vitest';
import { isExplosive } from './jsonShape.ts';

const MIB = 1024 * 1024;
const repeat = (text: string): Buffer => Buffer.from(text.repeat(Math.ceil((2 * MIB) / text.length)));

describe('isExplosive', () => {
  it.each(['[', '{"a":', '[],', '1,', '{},', '"",'])('calls a large document of %s explosive', (text) => {
    expect(isExplosive(repeat(text))).toBe(true);
  });

  it.each([
    ['{"key":"a","value":{"intValue":"1"}},'],
    ['"attributes":[],"events":[],"links":[],"status":{"code":0},"name":"x",'],
    ['"text with [[[[ and ,,,, and \\" inside",'],
    [' '],
  ])('lets %s pass', (text) => {
    expect(isExplosive(repeat(text))).toBe(false);
  });

  it('lets small documents pass without looking', () => {
    expect(isExplosive(Buffer.from('['.repeat(1_000)))).toBe(false);
  });

  it('does not care how strings end or whether they do', () => {
    expect(isExplosive(Buffer.concat([repeat('"a",'), Buffer.from('"[[[\\')]))).toBe(true);
    expect(isExplosive(Buffer.concat([Buffer.from('"'), repeat('[')]))).toBe(false);
  });
});
