import { describe, expect, it } from 'vitest';
import { maskSecrets } from './maskSecrets.ts';

describe('maskSecrets', () => {
  it.each([
    ['The key AKIAIOSFODNN7EXAMPLE is not valid', 'The key AKIA* is not valid'],
    ['ASIAQWERTYUIOPASDFGH', 'ASIA*'],
    ['aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY here', 'aws_secret_access_key=* here'],
    ['{"SecretAccessKey": "abc/def+ghi", "a": 1}', '{"SecretAccessKey": "*", "a": 1}'],
    ['connect postgres://me:hunter22@db.example/x', 'connect postgres://*@db.example/x'],
    ['Authorization: Bearer eyJhbGciOi.J9.x-y', 'Authorization: Bearer *'],
    ['GET https://b.s3/x?X-Amz-Signature=abcdef&n=1', 'GET https://b.s3/x?X-Amz-Signature=*&n=1'],
    [
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830, SignedHeaders=host, Signature=5d672d79c15b',
      'AWS4-HMAC-SHA256 Credential=*, SignedHeaders=host, Signature=*',
    ],
  ])('takes credentials out of %j', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
    expect(maskSecrets(masked)).toBe(masked);
  });

  it.each([
    'Order 4711 of jane@example.com is not there: /var/task/index.mjs:3:14',
    'TypeError: Cannot read properties of undefined (reading "token")',
    'Unexpected token } in JSON at position 4',
    'at handler (file:///var/task/index.mjs:1:2)',
  ])('leaves %j as it is', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });

  it('is fast with any text', () => {
    const texts = ['token', '://', 'bearer ', 'AKIA', 'secret=', 'a@'].map((part) => part.repeat(100_000));
    for (const text of texts) expect(maskSecrets(text).length).toBeGreaterThan(0);
  });
});
