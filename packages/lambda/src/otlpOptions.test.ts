import { describe, expect, it } from 'vitest';
import { OTLP_OPTIONS, readTarget } from './otlpOptions.ts';
import { readOptions } from '@clickspan/shared/options';
import type { OtlpTarget } from './otlpOptions.ts';

function target(
  variables: Readonly<Record<string, string>>,
  signal: 'traces' | 'metrics' | 'logs' = 'metrics',
): OtlpTarget | undefined {
  const environment = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]),
  );
  const warn = (message: string): never => {
    throw new Error(message);
  };
  const general = readOptions(OTLP_OPTIONS, { environment: (name) => environment[name], warn });
  return readTarget(signal, { environment, general, warn });
}

describe('where a signal goes', () => {
  it('is the general endpoint with its path, or its own as it is', () => {
    expect(target({ ENDPOINT: 'http://c:4318/' })?.url.href).toBe('http://c:4318/v1/metrics');
    expect(target({ ENDPOINT: 'http://c/base' }, 'logs')?.url.href).toBe('http://c/base/v1/logs');
    expect(target({ ENDPOINT: 'http://c', METRICS_ENDPOINT: 'https://m/own' })?.url.href).toBe(
      'https://m/own',
    );
    expect(target({ METRICS_ENDPOINT: 'https://m' }, 'traces')).toBeUndefined();
    expect(target({})).toBeUndefined();
  });

  it('has headers, timeout and compression of its own, and else the general ones', () => {
    const general = { ENDPOINT: 'http://c', HEADERS: 'a=1,b=1', TIMEOUT: '5', COMPRESSION: 'gzip' };
    expect(target(general)).toMatchObject({ headers: { a: '1', b: '1' }, timeoutMs: 5, gzip: true });
    const own = { METRICS_HEADERS: 'b=2', METRICS_TIMEOUT: '7', METRICS_COMPRESSION: 'none' };
    expect(target({ ...general, ...own })).toMatchObject({
      headers: { a: '1', b: '2' },
      timeoutMs: 7,
      gzip: false,
    });
    expect(target({ ...general, ...own }, 'traces')?.timeoutMs).toBe(5);
  });
});
