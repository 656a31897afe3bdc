import { delimiter, join } from 'node:path';
import type { Account, FunctionSettings } from './functionConfig.ts';
import { mapOptPaths } from './optPaths.ts';
import { EmulatorError } from '../../emulatorError.ts';

/** What the variables of one environment are made from. */
export interface VariablesInput {
  readonly settings: FunctionSettings;
  readonly account: Account;
  /** `host:port` of the Runtime API. */
  readonly runtimeApi: string;
  readonly logStreamName: string;
  /** Where the layers are unpacked: the stand-in for `/opt`. */
  readonly optDir: string;
  /** Where the runtime client lives: the stand-in for `/var/runtime`. */
  readonly runtimeDir: string;
  /** Where the runtime's `node` lives. */
  readonly nodeDir: string;
  /** The PATH of this machine, so that a function finds its system's tools. */
  readonly hostPath: string;
}

/** Set by the platform alone: a function configured with one of them is refused, as on AWS. */
const RESERVED: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

/**
 * Throws when a function's own variables hold one that only the platform may set, or a value that is no text.
 *
 * @param settings the function
 */
export function refuseFaultyVariables({ name, environment }: FunctionSettings): void {
  const variables: Readonly<Record<string, unknown>> = environment();
  const reserved = Object.keys(variables).filter((key) => RESERVED.has(key));
  if (reserved.length > 0)
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `function ${name}: reserved environment variables: ${reserved.join(', ')}`,
    );
  for (const [key, value] of Object.entries(variables)) {
    if (typeof value === 'string' && !value.includes('\0')) continue;
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `function ${name}: environment variable ${key} must be a text without null bytes`,
    );
  }
}

/**
 * Makes the environment variables of one environment: the platform's, and the function's own over them (AWS lets a
 * function override those that are not reserved). Credentials are made up; region and credentials may be overridden
 * here, unlike on AWS, because functions talk to local services. A `/opt/` in the function's values is mapped.
 *
 * @param input names and places
 */
export function toEnvironmentVariables(input: VariablesInput): Record<string, string> {
  const { settings, account, optDir } = input;
  const own = Object.entries(settings.environment()).map(
    ([key, value]) => [key, mapOptPaths(value, optDir)] as const,
  );
  const node = join(optDir, 'nodejs');
  const versioned = settings.runtime.replace('js', '').replace('.x', '');
  return {
    PATH: [input.nodeDir, input.hostPath, join(optDir, 'bin')].join(delimiter),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    NODE_PATH: [join(node, versioned, 'node_modules'), join(node, 'node_modules')].join(delimiter),
    AWS_REGION: account.region,
    AWS_DEFAULT_REGION: account.region,
    AWS_ACCESS_KEY_ID: 'ASIAEMULATOREMULATOR',
    AWS_SECRET_ACCESS_KEY: 'emulator-secret-access-key',
    AWS_SESSION_TOKEN: 'emulator-session-token',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    ...Object.fromEntries(own),
    _HANDLER: settings.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: settings.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: input.logStreamName,
    AWS_LAMBDA_RUNTIME_API: input.runtimeApi,
    LAMBDA_TASK_ROOT: settings.codeDir,
    LAMBDA_RUNTIME_DIR: input.runtimeDir,
  };
}
