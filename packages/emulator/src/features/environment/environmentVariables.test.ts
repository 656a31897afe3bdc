import { describe, expect, it } from 'vitest';
import { refuseFaultyVariables, toExtensionVariables, toRuntimeVariables } from './environmentVariables.ts';
import { NO_PLACES, toFunctionSettings } from './functionConfig.ts';
import type { VariablesInput } from './environmentVariables.ts';
import type { FunctionSettings, Variables } from './functionConfig.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Defined runtime environment variables":
// reserved ones and those that a function may set.

const account = { region: 'eu-central-1', accountId: '123456789012' };
const settingsWith = (environment: Variables): FunctionSettings =>
  toFunctionSettings(
    { name: 'f', codeDir: '/code', handler: 'index.handler', environment },
    account,
    () => NO_PLACES,
  );

describe('the variables of an environment', () => {
  const input = (environment: Variables): VariablesInput => ({
    settings: settingsWith(environment),
    account,
    initializationType: 'on-demand',
    runtimeApi: '127.0.0.1:9001',
    logStreamName: 'stream',
    optDir: '/tmp/opt1',
    runtimeDir: '/runtime',
    nodeDir: '/node/bin',
    hostPath: '/usr/bin',
    standInEntry: undefined,
  });
  const variablesWith = (environment: Variables): Record<string, string> =>
    toRuntimeVariables(input(environment));

  it("lead the function's own values from /opt to its layers", () => {
    expect(variablesWith({ NODE_OPTIONS: '--require /opt/a.cjs' })['NODE_OPTIONS']).toBe(
      '--require /tmp/opt1/a.cjs',
    );
  });

  it('may be overridden but for what only the platform sets', () => {
    const variables = variablesWith({ AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'other' });
    expect(variables).toMatchObject({ AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'f' });
  });
});

describe('the variables of an external extension', () => {
  it("are the function's and the platform's without the runtime's (rapidcore/env/environment.go, AgentExecEnv)", () => {
    const settings = settingsWith({ OWN: 'yes', AWS_XRAY_CONTEXT_MISSING: 'x' });
    const variables = toExtensionVariables({
      settings,
      account,
      initializationType: 'on-demand',
      runtimeApi: '127.0.0.1:9001',
      logStreamName: 'stream',
      optDir: '/tmp/opt1',
      runtimeDir: '/runtime',
      nodeDir: '/node/bin',
      hostPath: '/usr/bin',
      standInEntry: '/client',
    });
    expect(variables).toMatchObject({ OWN: 'yes', AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', TZ: ':UTC' });
    const runtimes = [
      '_HANDLER',
      'LAMBDA_TASK_ROOT',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_XRAY_CONTEXT_MISSING',
    ];
    expect(Object.keys(variables).filter((key) => runtimes.includes(key))).toEqual([]);
    expect(Object.keys(variables).filter((key) => key.startsWith('CLICKSPAN'))).toEqual([]);
  });
});

describe('refuseFaultyVariables', () => {
  it.each([
    [{ _HANDLER: 'x', TABLE: 'y' }, 'reserved environment variables: _HANDLER'],
    [{ PORT: 80 }, 'environment variable PORT must be a text'],
    [{ NONE: undefined }, 'environment variable NONE must be a text'],
    [{ BYTES: 'a\0b' }, 'environment variable BYTES must be a text'],
  ])('names what is wrong with %j', (environment, message) => {
    expect(() => refuseFaultyVariables(settingsWith(environment as unknown as Variables))).toThrow(message);
  });

  it('takes what AWS takes', () => {
    expect(() => refuseFaultyVariables(settingsWith({ TABLE: 'x', EMPTY: '' }))).not.toThrow();
  });
});
