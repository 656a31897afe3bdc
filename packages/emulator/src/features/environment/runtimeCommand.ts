import type { FunctionSettings, RuntimeName } from './functionConfig.ts';
import type { RuntimeClient } from './runtimeClient.ts';

/** The shares of the function's memory that the platform gives the heap's old and new generation. */
const OLD_SPACE_SHARE = 0.9;
const SEMI_SPACE_SHARE = 0.05;

/** A program and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Says how the runtime process of a function is started.
 *
 * @param settings the function
 * @param client its runtime client
 * @param environment the variables that it gets
 */
export function toRuntimeCommand(
  settings: FunctionSettings,
  client: RuntimeClient,
  environment: Readonly<Record<string, string>>,
): Command {
  const node = [
    client.nodePath,
    ...toDisabledFeatures(settings.runtime, environment['NODE_OPTIONS'] ?? ''),
    `--max-semi-space-size=${Math.max(1, Math.floor(settings.memoryMb * SEMI_SPACE_SHARE))}`,
    `--max-old-space-size=${Math.floor(settings.memoryMb * OLD_SPACE_SHARE)}`,
    ...(client.preloadPath === undefined ? [] : ['--require', client.preloadPath]),
    client.entryPath,
  ];
  // The platform starts the wrapper in the runtime's place, with the runtime's whole command line as its arguments.
  const wrapper = environment['AWS_LAMBDA_EXEC_WRAPPER'];
  return wrapper ? { command: wrapper, args: node } : { command: node[0]!, args: node.slice(1) };
}

/**
 * What the platform switches off in a runtime's Node unless NODE_OPTIONS asks for it
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, "experimental features").
 */
const DISABLED_FEATURES: Readonly<Record<RuntimeName, readonly string[]>> = {
  'nodejs20.x': ['require-module'],
  'nodejs22.x': ['require-module', 'detect-module'],
  'nodejs24.x': [],
};

function toDisabledFeatures(runtime: RuntimeName, nodeOptions: string): readonly string[] {
  const wanted = nodeOptions.split(/\s+/);
  return DISABLED_FEATURES[runtime]
    .filter((feature) => !wanted.includes(`--experimental-${feature}`))
    .map((feature) => `--no-experimental-${feature}`);
}
