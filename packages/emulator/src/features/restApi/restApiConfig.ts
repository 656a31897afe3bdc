import { refuseOption, refuseOutOfRange } from '../../platform/optionFaults.ts';
import { refuseAuthorizerFaults } from './authorizerConfig.ts';
import type { RestAuthorizer } from './authorizerConfig.ts';

/** A REST API (API Gateway v1) in front of functions, each method a Lambda proxy integration. */
export interface RestApiConfig {
  readonly name: string;
  /** The port to prefer; a taken one is passed over, 0 or none means any. */
  readonly port?: number | undefined;
  /** The stage, which is the first part of every path; `prod`. */
  readonly stage?: string | undefined;
  readonly stageVariables?: Readonly<Record<string, string>> | undefined;
  readonly methods: readonly RestMethod[];
  /** OPTIONS on every resource, answered by a mock, and the origin on the gateway's own errors; none when left out. */
  readonly cors?: RestCorsConfig | undefined;
  /**
   * Types such as `image/png`, or all of them (asterisk, slash, asterisk). Bodies of these types come as base64, and
   * only with them a base64 answer is decoded; none.
   */
  readonly binaryMediaTypes?: readonly string[] | undefined;
  /** How long a function may take before the caller gets a 504, 50 and more; 29,000, as on AWS. */
  readonly integrationTimeoutMs?: number | undefined;
}

/** A method of a resource and the function behind it. */
export interface RestMethod {
  /** `METHOD /path` or `ANY /path`; a part may be `{name}`, the last one `{name+}`. */
  readonly method: string;
  /** Name of the function. */
  readonly function: string;
  /** Who decides whether a request may come in; none when left out. */
  readonly authorizer?: RestAuthorizer | undefined;
}

/** What a mock integration answers preflights with; it does not look at the request. */
export interface RestCorsConfig {
  /** One origin, or `*`. */
  readonly allowOrigin: string;
  readonly allowMethods?: readonly string[] | undefined;
  readonly allowHeaders?: readonly string[] | undefined;
  readonly allowCredentials?: boolean | undefined;
  readonly maxAgeSeconds?: number | undefined;
}

export const DEFAULT_STAGE = 'prod';
/** The most that AWS gives a function without a raised quota. */
export const DEFAULT_INTEGRATION_TIMEOUT_MS = 29_000;
const LEAST_INTEGRATION_TIMEOUT_MS = 50;

/**
 * Throws an EmulatorError when AWS would not take a configuration.
 *
 * @param config the configuration; its methods are looked at by who makes the matcher
 */
export function refuseRestFaults(config: RestApiConfig): void {
  const { name, stage = DEFAULT_STAGE, integrationTimeoutMs } = config;
  const what = `REST API ${name}`;
  if (!/^\w{1,128}$/.test(stage)) refuseOption(what, `stage "${stage}": letters, digits and _ only`);
  for (const { authorizer } of config.methods) if (authorizer) refuseAuthorizerFaults(what, authorizer);
  refuseOutOfRange(what, 'integrationTimeoutMs', integrationTimeoutMs, LEAST_INTEGRATION_TIMEOUT_MS);
}
