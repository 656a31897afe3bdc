import { expect, it } from 'vitest';
import { createParseUrl } from './parseUrl.ts';

const parseUrl = createParseUrl({ document: { baseURI: 'https://shop.example/a/' } } as Window);

it('remembers addresses', () => {
  expect(parseUrl('b').href).toBe('https://shop.example/a/b');
  expect(parseUrl('b')).toBe(parseUrl('b'));
});

it('keeps none that holds data', () => {
  const text = `data:text/plain,${'x'.repeat(5000)}`;
  expect(parseUrl(text).href).toBe(text);
  expect(parseUrl(text)).not.toBe(parseUrl(text));
});
