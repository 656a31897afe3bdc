import { describe, expect, it } from 'vitest';
import { decideExportOutcome } from './exportOutcome.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('decideExportOutcome', () => {
  it('takes every 2xx as sent', () => {
    for (const status of [200, 202, 204]) expect(decideExportOutcome(status, null, NOW).status).toBe('sent');
  });

  it('retries only what OTLP calls retryable, and lost connections', () => {
    for (const status of [0, 429, 502, 503, 504]) {
      expect(decideExportOutcome(status, null, NOW)).toEqual({ status: 'retry', afterMs: undefined });
    }
    for (const status of [301, 400, 401, 403, 404, 405, 413, 415, 500, 501]) {
      expect(decideExportOutcome(status, null, NOW)).toEqual({ status: 'drop' });
    }
  });

  it.each([
    ['3', 3000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['soon', undefined],
    ['999999999', 300_000],
  ])('reads Retry-After %s', (header, afterMs) => {
    expect(decideExportOutcome(503, header, NOW)).toEqual({ status: 'retry', afterMs });
  });
});
