import { describe, expect, it } from 'vitest';
import { NO_PLACES, toFunctionSettings } from './functionConfig.ts';
import type { FunctionConfig } from './functionConfig.ts';

const ACCOUNT = { region: 'eu-central-1', accountId: '123456789012' };
const toSettings = (config: Partial<FunctionConfig>): ReturnType<typeof toFunctionSettings> =>
  toFunctionSettings(
    { name: 'f', codeDir: '/code', handler: 'index.handler', ...config },
    ACCOUNT,
    () => NO_PLACES,
  );
const MANY = { maxConcurrency: 10 };

describe('the settings of a function', () => {
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html, "between 128 MB and 10,240 MB";
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html, 3 seconds by default, 900 at most.
  it('have the documented defaults and bounds', () => {
    expect(toSettings({})).toMatchObject({ memoryMb: 128, timeoutMs: 3000, runtime: 'nodejs24.x' });
    expect(toSettings({ memoryMb: 10_240, timeoutMs: 900_000 })).toMatchObject({ memoryMb: 10_240 });
    expect(() => toSettings({ memoryMb: 127 })).toThrow(
      'memoryMb is 127, must be a whole number from 128 to 10240',
    );
    expect(() => toSettings({ memoryMb: 10_241 })).toThrow('memoryMb is 10241');
    expect(() => toSettings({ timeoutMs: 900_001 })).toThrow('timeoutMs is 900001');
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-best-practices.html, "minimum supported function
  // size is 2GB"; botocore, data/lambda/2015-03-31/service-2.json, `MemorySize`: at most 32768; API_LambdaManagedInstancesCapacityProviderConfig
  // (https://docs.aws.amazon.com/lambda/latest/api/), PerExecutionEnvironmentMaxConcurrency: 1 to 1600.
  it('have other bounds on managed instances', () => {
    expect(toSettings({ managedInstances: MANY }).memoryMb).toBe(2048);
    expect(toSettings({ managedInstances: MANY, memoryMb: 32_768 }).memoryMb).toBe(32_768);
    for (const memoryMb of [2047, 32_769])
      expect(() => toSettings({ managedInstances: MANY, memoryMb })).toThrow('from 2048 to 32768');
    expect(() => toSettings({ managedInstances: { maxConcurrency: 1601 } })).toThrow('from 1 to 1600');
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html, "Supported features and limitations": no provisioned
  // concurrency.
  it.each<[string, Partial<FunctionConfig>]>([
    ['snapStart knows no provisionedConcurrency', { snapStart: true, provisionedConcurrency: 1 }],
    ['managedInstances knows no snapStart', { managedInstances: MANY, snapStart: true }],
    [
      'managedInstances knows no provisionedConcurrency',
      { managedInstances: MANY, provisionedConcurrency: 1 },
    ],
    ['managedInstances needs nodejs24.x', { managedInstances: MANY, runtime: 'nodejs22.x' }],
  ])('that contradict each other are refused: %s', (message, config) => {
    expect(() => toSettings(config)).toThrow(message);
  });
});
