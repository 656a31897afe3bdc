import type { Attributes } from '@opentelemetry/api';
import {
  BROWSER_LANGUAGE,
  DEPLOYMENT_ENVIRONMENT_NAME,
  SERVICE_NAME,
  SERVICE_VERSION,
  TELEMETRY_SDK_LANGUAGE,
  TELEMETRY_SDK_NAME,
  TELEMETRY_SDK_VERSION,
  USER_AGENT_ORIGINAL,
} from '@clickspan/shared/attributes';

/** What the page calls itself; empty where it does not say. */
export interface ServiceNames {
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly environmentName: string;
}

/**
 * Describes the page as an OpenTelemetry resource.
 *
 * @param version of the agent
 */
export function toPageResource(window: Window, names: ServiceNames, version: string): Attributes {
  return {
    [SERVICE_NAME]: names.serviceName || window.location.hostname || 'web',
    [SERVICE_VERSION]: names.serviceVersion || undefined,
    [DEPLOYMENT_ENVIRONMENT_NAME]: names.environmentName || undefined,
    [TELEMETRY_SDK_NAME]: 'clickspan',
    [TELEMETRY_SDK_LANGUAGE]: 'webjs',
    [TELEMETRY_SDK_VERSION]: version,
    [USER_AGENT_ORIGINAL]: window.navigator.userAgent,
    [BROWSER_LANGUAGE]: window.navigator.language,
  };
}
