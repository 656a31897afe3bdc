import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
/** What an extension can subscribe to. */
export type TelemetryType = 'platform' | 'function' | 'extension';

/** What an extension has asked the Telemetry API for. */
export interface TelemetrySubscription {
  /** Where its listener is, on this machine. */
  readonly url: string;
  readonly types: readonly TelemetryType[];
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

const TYPES: readonly string[] = ['platform', 'function', 'extension'];
const SCHEMA_VERSIONS: readonly string[] = ['2022-07-01', '2022-12-13', '2025-01-29'];
/** Names of the sandbox for itself; they mean this machine here. */
const HOSTS: readonly string[] = ['sandbox', 'sandbox.localdomain', '127.0.0.1', 'localhost'];
/** Default, least and most (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html). */
const BUFFERING = {
  maxItems: [1000, 1000, 10_000],
  maxBytes: [262_144, 262_144, 1_048_576],
  timeoutMs: [1000, 25, 30_000],
} as const;

/**
 * Parses the body of a subscription.
 *
 * @param bytes JSON text
 * @returns the subscription, or what is wrong with it
 */
export function parseTelemetrySubscription(bytes: Buffer): TelemetrySubscription | string {
  const document = toObject(parseJson(bytes.toString()));
  if (!document) return 'The body must be a JSON object';
  const { schemaVersion, types } = document;
  if (typeof schemaVersion !== 'string' || !SCHEMA_VERSIONS.includes(schemaVersion))
    return `schemaVersion must be one of: ${SCHEMA_VERSIONS.join(', ')}`;
  const isTypes = (value: unknown): value is readonly TelemetryType[] =>
    Array.isArray(value) && value.length > 0 && value.every((type) => TYPES.includes(String(type)));
  if (!isTypes(types)) return `types must be a list of: ${TYPES.join(', ')}`;
  const url = toUrl(toObject(document['destination']));
  if (!url) return 'destination must be HTTP at http://sandbox.localdomain:<port>';
  const buffering = toObject(document['buffering'] ?? {});
  const limits = { maxItems: 0, maxBytes: 0, timeoutMs: 0 };
  for (const name of ['maxItems', 'maxBytes', 'timeoutMs'] as const) {
    const [normal, least, most] = BUFFERING[name];
    const value = buffering?.[name] ?? normal;
    if (!Number.isInteger(value) || Number(value) < least || Number(value) > most)
      return `buffering.${name} must be a whole number from ${least} to ${most}`;
    limits[name] = Number(value);
  }
  return { url, types, ...limits };
}

function toUrl(destination: JsonObject | undefined): string | undefined {
  if (destination?.['protocol'] !== 'HTTP' || typeof destination['URI'] !== 'string') return undefined;
  try {
    const url = new URL(destination['URI']);
    if (url.protocol !== 'http:' || !HOSTS.includes(url.hostname)) return undefined;
    url.hostname = '127.0.0.1';
    return url.href;
  } catch {
    return undefined;
  }
}

function toObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}
