import { describe, expect, it } from 'vitest';
import { redactQuery } from './redactQuery.ts';

describe('redactQuery', () => {
  it('takes out credentials and nothing else', () => {
    expect(redactQuery('q=sig&sig=x&SIG=y&X-Goog-Signature=z&x%2Damz-credential=w&signature&a')).toBe(
      'q=sig&sig=REDACTED&SIG=REDACTED&X-Goog-Signature=REDACTED&x%2Damz-credential=REDACTED&signature&a',
    );
  });
  it('takes out what is called a secret, and what looks like one', () => {
    expect(redactQuery('access_token=a&newPassword=b&api-key=c&id=AKIAIOSFODNN7EXAMPLE&page=2')).toBe(
      'access_token=REDACTED&newPassword=REDACTED&api-key=REDACTED&id=AKIA*&page=2',
    );
  });
  it('takes them out of an address that is a value too', () => {
    const address = 'https://b.s3.amazonaws.com/k?X-Amz-Signature=abcdef0123&x=1';
    expect(redactQuery(`url=${encodeURIComponent(address)}&page=%41`)).toBe(
      `url=${encodeURIComponent(address.replace('abcdef0123', '*'))}&page=%41`,
    );
  });
  it('keeps what it cannot decode', () => {
    expect(redactQuery('%zz=1&b=2')).toBe('%zz=1&b=2');
  });
});
