import {
  CLOUD_PLATFORM,
  CLOUD_PROVIDER,
  CLOUD_REGION,
  FAAS_INSTANCE,
  FAAS_MAX_MEMORY,
  FAAS_NAME,
  FAAS_VERSION,
  PROCESS_RUNTIME_NAME,
  PROCESS_RUNTIME_VERSION,
  SERVICE_NAME,
  TELEMETRY_SDK_LANGUAGE,
  TELEMETRY_SDK_NAME,
  TELEMETRY_SDK_VERSION,
} from '@clickspan/shared/attributes';
import type { Attributes } from '@opentelemetry/api';
import type { LambdaOptions } from './options.ts';
import { VERSION } from './version.ts';

const BYTES_PER_MEGABYTE = 1_048_576;

/**
 * What is the same for all spans of this environment.
 *
 * @param environment the process's variables, as Lambda sets them
 * @param runtimeVersion of Node, without the v
 * @see https://opentelemetry.io/docs/specs/semconv/resource/faas/
 */
export function toResource(
  environment: Readonly<Record<string, string | undefined>>,
  options: Pick<LambdaOptions, 'serviceName' | 'resourceAttributes'>,
  runtimeVersion: string,
): Attributes {
  const functionName = environment['AWS_LAMBDA_FUNCTION_NAME'];
  const maxMemoryBytes = readMaxMemoryBytes(environment);
  const attributes: Attributes = {
    [SERVICE_NAME]: functionName ?? 'unknown_service:node',
    [CLOUD_PROVIDER]: 'aws',
    [CLOUD_PLATFORM]: 'aws_lambda',
    [CLOUD_REGION]: environment['AWS_REGION'],
    [FAAS_NAME]: functionName,
    [FAAS_VERSION]: environment['AWS_LAMBDA_FUNCTION_VERSION'],
    [FAAS_INSTANCE]: environment['AWS_LAMBDA_LOG_STREAM_NAME'],
    [FAAS_MAX_MEMORY]: maxMemoryBytes > 0 ? maxMemoryBytes : undefined,
    [PROCESS_RUNTIME_NAME]: 'nodejs',
    [PROCESS_RUNTIME_VERSION]: runtimeVersion,
    [TELEMETRY_SDK_NAME]: 'clickspan',
    [TELEMETRY_SDK_LANGUAGE]: 'nodejs',
    [TELEMETRY_SDK_VERSION]: VERSION,
    ...options.resourceAttributes,
  };
  if (options.serviceName) attributes[SERVICE_NAME] = options.serviceName;
  return attributes;
}

/** The function's memory; not a number where it is unknown. */
export function readMaxMemoryBytes(environment: Readonly<Record<string, string | undefined>>): number {
  return Number(environment['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']) * BYTES_PER_MEGABYTE;
}
