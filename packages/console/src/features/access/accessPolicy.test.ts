import { describe, expect, it } from 'vitest';
import { refuseAccess } from './accessPolicy.ts';

describe('refuseAccess', () => {
  it.each([
    ['a program', { host: '127.0.0.1:4319' }],
    ['a program, by name', { host: 'localhost:4319' }],
    ['a program, by IPv6', { host: '[::1]:4319' }],
    [
      "the console's own page",
      { host: 'localhost:4319', origin: 'http://localhost:4319', 'sec-fetch-site': 'same-origin' },
    ],
    [
      'an address that was typed',
      { host: 'localhost:4319', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    ],
    [
      'a link that was followed',
      { host: 'localhost:4319', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ],
  ])('lets in %s', (_, headers) => {
    expect(refuseAccess(headers, [])).toBeUndefined();
  });

  it.each([
    ['a name that was bound to this machine', { host: 'evil.example:4319' }],
    ['a request without a host', {}],
    ['a host that is none', { host: '%%%' }],
    ['a page of another port', { host: 'localhost:4319', origin: 'http://localhost:3000' }],
    ['a page of the usual port', { host: 'localhost:4319', origin: 'http://localhost' }],
    ['a page of another origin', { host: 'localhost:4319', origin: 'https://evil.example' }],
    ['a page without an origin', { host: 'localhost:4319', origin: 'null' }],
    [
      'an image of another site',
      { host: 'localhost:4319', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ],
  ])('keeps out %s', (_, headers) => {
    expect(refuseAccess(headers, [])).toEqual(expect.any(String));
  });

  it('lets in a name that was allowed', () => {
    const origin = 'https://traces.internal';
    expect(refuseAccess({ host: 'traces.internal', origin }, ['Traces.Internal'])).toBeUndefined();
  });
});
