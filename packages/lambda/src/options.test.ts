import { describe, expect, it } from 'vitest';
import { readLambdaOptions } from './options.ts';
import { toResource } from './resource.ts';

const read = (
  environment: Record<string, string>,
  warnings: string[] = [],
): ReturnType<typeof readLambdaOptions> =>
  readLambdaOptions(environment, undefined, (message) => warnings.push(message));

describe('options', () => {
  it('append the path to the general endpoint only', () => {
    const url = (environment: Record<string, string>): string | undefined =>
      read(environment).targets.traces?.url.href;
    expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' })).toBe('http://c:4318/v1/traces');
    expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base' })).toBe('http://c:4318/base/v1/traces');
    expect(
      url({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/own' }),
    ).toBe('https://t/own');
    expect(url({})).toBeUndefined();
  });

  it('keep their default where a value is bad, and say so without the value', () => {
    const warnings: string[] = [];
    const options = read(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'secret',
        OTEL_EXPORTER_OTLP_TIMEOUT: '-1',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key secret',
      },
      warnings,
    );
    expect([options.endpoint, options.timeoutMs]).toEqual(['', 10_000]);
    // All in one, since no more than one line a minute is written.
    expect(warnings).toHaveLength(1);
    for (const name of ['ENDPOINT', 'TIMEOUT', 'HEADERS']) expect(warnings[0]).toContain(`OTLP_${name}`);
    expect(warnings[0]).not.toContain('secret');
  });

  it.each(['http://[::1', 'http://collector:99999', 'https://a b', 'collector:4318'])(
    'refuse an address that leads nowhere (%s), and take the next best',
    (address) => {
      const warnings: string[] = [];
      const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://c';
      const options = read(
        { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address, OTEL_EXPORTER_OTLP_ENDPOINT },
        warnings,
      );
      expect(options.targets.traces?.url.href).toBe('http://c/v1/traces');
      expect(warnings).toHaveLength(1);
    },
  );
});

describe('the resource', () => {
  const lambda = {
    AWS_LAMBDA_FUNCTION_NAME: 'orders',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/23/[$LATEST]abc',
    AWS_REGION: 'eu-west-1',
  };
  it('names the function, and its memory in bytes', () => {
    expect(toResource(lambda, read({}), '24.0.0')).toMatchObject({
      'service.name': 'orders',
      'faas.name': 'orders',
      'faas.instance': '2026/11/23/[$LATEST]abc',
      'faas.max_memory': 536_870_912,
      'cloud.region': 'eu-west-1',
      'cloud.platform': 'aws_lambda',
    });
  });
  it('takes the service from the resource attributes, and before that from its own variable', () => {
    const name = (environment: Record<string, string>): unknown =>
      toResource(lambda, read(environment), '24.0.0')['service.name'];
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=a%20b,team=x' };
    expect(name(attributes)).toBe('a b');
    expect(name({ ...attributes, OTEL_SERVICE_NAME: 'c' })).toBe('c');
  });
});
