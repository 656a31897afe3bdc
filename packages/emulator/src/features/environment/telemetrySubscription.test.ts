import { describe, expect, it } from 'vitest';
import { parseTelemetrySubscription } from './telemetrySubscription.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html

const parse = (change: object = {}): unknown =>
  parseTelemetrySubscription(
    Buffer.from(
      JSON.stringify({
        schemaVersion: '2022-12-13',
        types: ['platform'],
        destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:8080/events' },
        ...change,
      }),
    ),
  );

describe('a subscription to telemetry', () => {
  it('leads to this machine, with the documented defaults', () => {
    expect(parse()).toEqual({
      url: 'http://127.0.0.1:8080/events',
      types: ['platform'],
      maxItems: 1000,
      maxBytes: 262_144,
      timeoutMs: 1000,
    });
  });

  it.each([
    ['an unknown version', { schemaVersion: '2020-01-01' }, 'schemaVersion'],
    ['no types', { types: [] }, 'types'],
    ['an unknown type', { types: ['runtime'] }, 'types'],
    ['TCP', { destination: { protocol: 'TCP', URI: 'http://sandbox:1' } }, 'destination'],
    ['another host', { destination: { protocol: 'HTTP', URI: 'http://example.com' } }, 'destination'],
    ['too few items', { buffering: { maxItems: 999 } }, 'buffering.maxItems'],
    ['too many bytes', { buffering: { maxBytes: 1_048_577 } }, 'buffering.maxBytes'],
    ['too short a time', { buffering: { timeoutMs: 24 } }, 'buffering.timeoutMs'],
  ])('with %s is refused', (_, change, what) => {
    expect(parse(change)).toContain(what);
  });
});
