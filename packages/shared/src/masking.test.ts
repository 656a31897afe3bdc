import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskPath, maskRoute, maskText, maskUrl } from './masking.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => /\d/.test(text));
const base64Url = fc
  .uint8Array({ minLength: 16, maxLength: 48 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
  // Random bytes look random; what fast-check shrinks to does not.
  .filter((text) => /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text));
const mail = fc.emailAddress({ size: 'small' }).filter((text) => /^[\w.'+-]+@/.test(text));
const card = fc
  .tuple(fc.stringMatching(/^\d{13,19}$/), fc.constantFrom('', ' ', '-'))
  .map(([digits, separator]) => digits.replace(/\d{4}(?=\d)/g, `$&${separator}`));
const iban = fc.constantFrom(
  'DE89 3704 0044 0532 0130 00',
  'DE89370400440532013000',
  'GB29 NWBK 6016 1331 9268 19',
  'gb29nwbk60161331926819',
  'NL91 ABNA 0417 1643 00',
  'NO93 8601 1117 947',
  'MT84 MALT 0110 0001 2345 MTLC AST0 01S',
  'FR14 2004 1010 0505 0001 3M02 606',
);
const jwt = fc.tuple(fc.object(), base64Url).map(([claims, signature]) =>
  [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(signature)
    .join('.'),
);
const awsKey = fc.stringMatching(/^(?:AKIA|ASIA)[A-Z]{8}[A-Z2-7]{7}[2-7]$/);
const awsSecret = fc
  .uint8Array({ minLength: 30, maxLength: 30 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))
  .filter((text) => /\d/.test(text) && !/^\/|\/$/.test(text));

const secrets = {
  'an e-mail': mail,
  'a card': card,
  'an IBAN': iban,
  'a JWT': jwt,
  'a uuid': fc.uuid(),
  'a hash': hex(40),
  'a token': base64Url,
  'an AWS key id': awsKey,
  'an AWS secret': awsSecret,
};

describe('maskText', () => {
  it.each([
    ['Order failed', 'Order failed'],
    [
      "Cannot read properties of undefined (reading 'a1')",
      "Cannot read properties of undefined (reading 'a1')",
    ],
    ['No user anna.smith+x@mail.a.example.', 'No user *.'],
    ['from=anna%40a.example', 'from=*'],
    ['paid by 4111 1111 1111 1111, thanks', 'paid by *, thanks'],
    ['paid by 4111-1111-1111-1111 123', 'paid by *'],
    ['Authorization: Bearer abc.d-e~f', 'Authorization: Bearer *'],
    ['BASIC abc.d BEARER e', 'BASIC * BEARER *'],
    ['Buy@Shop.EXAMPLE', '*'],
    ['gb82 west 1234 5698 7654 32', '*'],
    ['{"password":"hunter2","user":1}', '{"password":"*","user":1}'],
    ['aws_secret_access_key=abc', 'aws_secret_access_key=*'],
    ['at https://a.example/#/users/55559999/edit', 'at https://a.example/#/users/{id}/edit'],
    [
      'GET https://u:p@a.example:8080/orders/17?q=Anna#top failed',
      'GET https://a.example:8080/orders/{id}?q=*#top failed',
    ],
    ['GET /orders/17/lines?q=Anna&r=b failed', 'GET /orders/{id}/lines?q=*&r=* failed'],
    [
      'at f (https://a.example/app-3fa9c2d1e5b7a9c1d3e5.js?v=2:10:15)',
      'at f (https://a.example/app-3fa9c2d1e5b7a9c1d3e5.js?v=*)',
    ],
    ['buy@https://a.example/app.js:10:15', 'buy@https://a.example/app.js:10:15'],
    ['at https://a.example/orders/17:10:15', 'at https://a.example/orders/{id}:10:15'],
    ['at x (http://127.0.0.1:80/react@18.2.0/index.js:1:2)', 'at x (http://127.0.0.1:80/{id}/index.js:1:2)'],
    ['read and/or write', 'read and/or write'],
    ['data:text/javascript;charset=utf-8;base64,c2VjcmV0', 'data:text/javascript'],
    ['<img> data:image/svg+xml,%3Csvg%20id="secret (1)"/> x', '<img> data:image/svg+xml'],
    ['at f (data:text/javascript,throw secret:1:7)\n at g', 'at f (data:text/javascript\n at g'],
    ['data:,secret', 'data:'],
    ['wrong data: 1, 2 or data:x, y', 'wrong data: 1, 2 or data:x, y'],
  ])('%s', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it.each(Object.entries(secrets))('leaves nothing of %s', (_what, arbitrary) => {
    const word = fc.constantFrom('for', 'x:', '(', '"', 'key', '\n', '[');
    fc.assert(
      fc.property(arbitrary, word, word, (secret, before, after) => {
        const masked = maskText(`${before} ${secret} ${after}`);
        for (const part of secret.split(/[\s./-]/)) {
          if (part.length > 3) expect(masked).not.toContain(part);
        }
      }),
    );
  });

  it('leaves the words of a text as they are', () => {
    const words = fc.array(fc.stringMatching(/^[a-zA-Z]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, (list) => {
        expect(maskText(list.join(' '))).toBe(list.join(' '));
      }),
    );
  });

  it('changes nothing more when it masks again', () => {
    const part = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true }), ...Object.values(secrets));
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const once = maskText(parts.join(' '));
        expect(maskText(once)).toBe(once);
      }),
    );
  });

  it('cuts what is long, and nothing that was cut in half stays', () => {
    for (let length = 4000; length < 4110; length++) {
      const masked = maskText(
        `${'word '.repeat(900).slice(0, length)} anna.smith@a.example 4111 1111 1111 1111`,
      );
      expect(masked.length).toBeLessThan(4096);
      expect(masked).not.toMatch(/anna|4111/);
    }
  });

  it.each([
    'a',
    '1',
    '1 ',
    'a@',
    'a.',
    '@',
    '/',
    '/a',
    '//',
    '://',
    'a:',
    '?a=',
    'data:',
    'data:a/b;',
    'a+',
    '&',
    'eyJ',
    'eyJ.',
    'A1 ',
    'AB12',
    '%',
    '-',
    '=',
    'token',
    'bearer ',
    ' ',
    '"',
    '\n',
  ])('takes no longer for a text of 1 MB of %j than for its beginning', (unit) => {
    const text = unit.repeat(2 ** 20 / unit.length);
    // Cutting is what bounds it: the rest is not looked at.
    expect(maskText(text)).toBe(maskText(text.slice(0, 5000)));
  });
});

describe('maskPath', () => {
  it.each([
    ['/', '/'],
    ['/orders', '/orders'],
    ['/orders/17', '/orders/{id}'],
    ['/orders/a7f3/lines/2/', '/orders/{id}/lines/{id}/'],
    ['/users/anna@a.example', '/users/{id}'],
    ['/users/anna%40a.example', '/users/{id}'],
    ['/users/Anna%20Smith', '/users/{id}'],
    ['/users;session=abc/x', '/{id}/x'],
    ['/p/' + 'x'.repeat(33), '/p/{id}'],
    ['/p/deadbeef', '/p/{id}'],
    ['/p/aGVsbGFXb3JsZEhlbGxv', '/p/{id}'],
    ['/api/v1/oauth2/step-2', '/api/v1/oauth2/step-2'],
    ['/assets/index-3fa9c2d1.js', '/assets/index-3fa9c2d1.js'],
    ['/assets/INDEX-3FA9C2D1.MJS', '/assets/INDEX-3FA9C2D1.MJS'],
    ['/V2/DEADBEEFCAFE/OAUTH2', '/V2/{id}/OAUTH2'],
    ['/how-to-bake-a-cake/getUserProfile', '/how-to-bake-a-cake/getUserProfile'],
  ])('%s', (path, masked) => {
    expect(maskPath(path)).toBe(masked);
  });

  it('lets no id through, and keeps the number of parts', () => {
    const id = fc.oneof(
      fc.uuid(),
      fc.nat().map(String),
      hex(8),
      base64Url,
      mail.map(encodeURIComponent),
      card,
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'orders', 'v2')), id, (parts, secret) => {
        const path = ['', ...parts, secret, 'end'].join('/');
        expect(maskPath(path)).toBe(['', ...parts, '{id}', 'end'].join('/'));
      }),
    );
  });
});

describe('maskRoute', () => {
  it.each([
    ['/orders/17', '/orders/{id}'],
    ['/app/#top', '/app/'],
    ['/app/#', '/app/'],
    ['/#/', '/'],
    ['/index.html#/orders/17?tab=secret', '/orders/{id}'],
    ['/#!/orders/anna@a.example/', '/orders/{id}/'],
    ['/17#/token=secret&x', '/{id}'],
  ])('%s', (address, route) => {
    expect(maskRoute(new URL(address, 'https://a.example'))).toBe(route);
  });
});

describe('maskUrl', () => {
  it.each([
    ['https://a.example/b?c=d&e=f#g', 'https://a.example/b?c=*&e=*'],
    ['https://user:secret@a.example:8443/', 'https://a.example:8443/'],
    ['https://a.example/?secret', 'https://a.example/?*'],
    ['https://a.example/?a=b=c&=d&', 'https://a.example/?a=*&=*&*'],
    ['https://a.example/orders/17?anna@a.example=1', 'https://a.example/orders/{id}?*=*'],
    ['https://a.example', 'https://a.example/'],
    ['file:///home/page.html', 'file:///home/page.html'],
    ['data:text/plain,secret', 'data:*'],
  ])('%s', (url, masked) => {
    expect(maskUrl(new URL(url))).toBe(masked);
  });

  it('never lets a value of the query, a password or a fragment through', () => {
    const secret = fc.stringMatching(/^[a-z]{5,20}SECRET$/);
    fc.assert(
      fc.property(fc.webUrl(), secret, fc.string(), (url, value, name) => {
        const full = new URL(url);
        full.password = value;
        full.hash = value;
        full.searchParams.set(`k${name}`, value);
        expect(maskUrl(full)).not.toContain('SECRET');
        expect(() => new URL(maskUrl(full))).not.toThrow();
      }),
    );
  });
});
