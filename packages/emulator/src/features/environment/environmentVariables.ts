import { delimiter, dirname, join } from 'node:path';
import type { Account, FunctionSettings } from './functionConfig.ts';
import { mapOptPaths } from './optPaths.ts';
import { refuseOption } from '../../platform/optionFaults.ts';

/** What the variables of one environment are made from. */
export interface Names {
  readonly settings: FunctionSettings;
  readonly account: Account;
  readonly initializationType: InitializationType;
  readonly logStreamName: string;
  /** Where the layers are unpacked: the stand-in for `/opt`. */
  readonly optDir: string;
  /** Where the runtime client lives: the stand-in for `/var/runtime`. */
  readonly runtimeDir: string;
  /** Where the runtime's `node` lives. */
  readonly nodeDir: string;
  /** The PATH of this machine, so that a function finds its system's tools. */
  readonly hostPath: string;
  /** The runtime client's entry, where the stand-in's preload must know it. */
  readonly standInEntry: string | undefined;
}

/** The same for one sandbox. */
export interface VariablesInput extends Names {
  /** `host:port` of the Runtime API. */
  readonly runtimeApi: string;
}

/** How an environment came to be initialized. */
export type InitializationType =
  'on-demand' | 'provisioned-concurrency' | 'snap-start' | 'lambda-managed-instances';

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
    refuseOption(`function ${name}`, `reserved environment variables: ${reserved.join(', ')}`);
  for (const [key, value] of Object.entries(variables)) {
    if (typeof value === 'string' && !value.includes('\0')) continue;
    refuseOption(`function ${name}`, `environment variable ${key} must be a text without null bytes`);
  }
}

/** The function's own variables, with a `/opt/` in them mapped. */
function toOwn({ settings, optDir }: VariablesInput): Record<string, string> {
  const own = Object.entries(settings.environment());
  return Object.fromEntries(own.map(([key, value]) => [key, mapOptPaths(value, optDir)]));
}

/**
 * What every process of a sandbox gets. Credentials are made up; region and credentials may be overridden by the
 * function's own variables, unlike on AWS, because functions talk to local services.
 */
function toCommon(input: VariablesInput): Record<string, string> {
  const { settings, account } = input;
  return {
    PATH: [input.nodeDir, input.hostPath, join(input.optDir, 'bin')].join(delimiter),
    TZ: ':UTC',
    AWS_REGION: account.region,
    AWS_DEFAULT_REGION: account.region,
    AWS_ACCESS_KEY_ID: 'ASIAEMULATOREMULATOR',
    AWS_SECRET_ACCESS_KEY: 'emulator-secret-access-key',
    AWS_SESSION_TOKEN: 'emulator-session-token',
    ...toOwn(input),
    AWS_LAMBDA_FUNCTION_NAME: settings.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: input.initializationType,
    AWS_LAMBDA_RUNTIME_API: input.runtimeApi,
  };
}

/** Where functions are told to keep temporary files; no function can have that name. */
export function toTemporaryDir(layersDir: string): string {
  return join(layersDir, '.tmp');
}

/**
 * Makes the environment variables of a runtime process: the platform's, and the function's own over them (AWS lets a
 * function override those that are not reserved).
 *
 * @param input names and places
 */
export function toRuntimeVariables(input: VariablesInput): Record<string, string> {
  const { settings, optDir, standInEntry } = input;
  const node = join(optDir, 'nodejs');
  const versioned = settings.runtime.replace('js', '').replace('.x', '');
  const common = toCommon(input);
  return {
    LANG: 'en_US.UTF-8',
    NODE_PATH: [join(node, versioned, 'node_modules'), join(node, 'node_modules')].join(delimiter),
    // AWS gives every environment a `/tmp` that is gone with it.
    TMPDIR: toTemporaryDir(dirname(optDir)),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    ...(settings.logFormat === 'JSON' ? { AWS_LAMBDA_LOG_FORMAT: 'JSON' } : {}),
    ...common,
    _HANDLER: settings.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtime}`,
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: input.logStreamName,
    LAMBDA_TASK_ROOT: settings.codeDir,
    LAMBDA_RUNTIME_DIR: input.runtimeDir,
    ...toConcurrency(settings),
    // Tells the stand-in's preload which process is the runtime's; it takes the variable away again.
    ...(standInEntry === undefined ? {} : { CLICKSPAN_RUNTIME_CLIENT_ENTRY: standInEntry }),
  };
}

/** What has the runtime client serve many requests at once, in threads. */
function toConcurrency({ managedInstances }: FunctionSettings): Record<string, string> {
  if (!managedInstances) return {};
  const { maxConcurrency, workers } = managedInstances;
  return {
    AWS_LAMBDA_MAX_CONCURRENCY: String(maxConcurrency),
    ...(workers === undefined ? {} : { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(workers) }),
  };
}

/**
 * Makes the environment variables of an external extension: the function's own and the platform's, but none that are
 * the runtime's (rapid core, rapidcore/env/environment.go `AgentExecEnv`, constants.go `extensionExcludedKeys`).
 *
 * @param input names and places
 */
export function toExtensionVariables(input: VariablesInput): Record<string, string> {
  const common = Object.entries(toCommon(input));
  return Object.fromEntries(
    common.filter(([key]) => key !== 'AWS_XRAY_CONTEXT_MISSING' && !key.startsWith('_')),
  );
}
