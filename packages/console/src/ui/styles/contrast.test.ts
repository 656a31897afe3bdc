/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const tokens = readFileSync(`${import.meta.dirname}/tokens.css`, 'utf8');

/** WCAG 2.2: 1.4.3 for text, 1.4.11 for what must be seen to understand. */
const TEXT = 4.5;
const GRAPHIC = 3;

const SURFACES = ['page', 'surface', 'raised', 'hover', 'selected'];
const PAIRS: readonly (readonly [front: string, behind: readonly string[], least: number])[] = [
  ['text', SURFACES, TEXT],
  ['muted', SURFACES, TEXT],
  ['accent', ['page', 'surface', 'raised', 'selected'], TEXT],
  ['error', ['page', 'surface', 'selected', 'hover', 'error-soft'], TEXT],
  ['cold', ['surface', 'selected', 'hover', 'cold-soft'], TEXT],
  ['warn', ['warn-soft'], TEXT],
  ['on-accent', ['accent'], TEXT],
  ['focus', SURFACES, GRAPHIC],
  ...['action', 'request', 'init', 'invocation', 'call', 'message', 'other'].map(
    (name) => [name, ['surface', 'hover', 'selected', 'raised'], GRAPHIC] as const,
  ),
];

function readTheme(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const [light = '', bySystem = '', byChoice = ''] = tokens.split(/@media[^{]*\{|:root\[data-theme='dark'\]/);
const themes = { light: readTheme(light), dark: readTheme(byChoice) };

describe('colours', () => {
  it('are the same whether the system or the reader chose dark', () => {
    expect(readTheme(bySystem)).toEqual(themes.dark);
    expect(themes.dark.size).toBeGreaterThan(20);
  });

  describe.each(Object.entries(themes))('of the %s theme', (_, colours) => {
    it.each(PAIRS.flatMap(([front, behind, least]) => behind.map((back) => [front, back, least] as const)))(
      'can be told apart: %s on %s, at least %d:1',
      (front, back, least) => {
        expect(contrast(colours.get(front)!, colours.get(back)!)).toBeGreaterThanOrEqual(least);
      },
    );
  });
});
