import { describe, expect, it } from 'vitest';
import { redactQuery } from './redactQuery.ts';

describe('redactQuery', () => {
  it('takes out credentials and nothing else', () => {
    expect(redactQuery('q=sig&sig=x&SIG=y&X-Goog-Signature=z&x%2Damz-credential=w&signature&a')).toBe(
      'q=sig&sig=REDACTED&SIG=REDACTED&X-Goog-Signature=REDACTED&x%2Damz-credential=REDACTED&signature&a',
    );
  });
  it('keeps what it cannot decode', () => {
    expect(redactQuery('%zz=1&b=2')).toBe('%zz=1&b=2');
  });
});
