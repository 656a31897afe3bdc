import { choiceOption, mapOption, numberOption, readOptions, urlOption } from '@clickspan/shared/options';
import type { Option, OptionSpec, OptionValues } from '@clickspan/shared/options';
import type { SignalName } from './model/signal.ts';

/** How and where to OTLP is sent: all of it, or one signal where that differs. */
export interface OtlpOptionSchema<Unset> {
  readonly [name: string]: Option<unknown>;
  readonly endpoint: Option<string>;
  readonly headers: Option<Readonly<Record<string, string>>>;
  readonly timeoutMs: Option<number | Unset>;
  readonly compression: Option<'none' | 'gzip' | Unset>;
}

/** The options of all signals. */
export const OTLP_OPTIONS: OtlpOptionSchema<never> = {
  endpoint: addressOption({
    default: '',
    environment: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    doc: 'Address of the collector; /v1/traces, /v1/metrics or /v1/logs is appended. Without one nothing is exported, and contexts are still handed on.',
  }),
  headers: mapOption({
    default: {},
    environment: 'OTEL_EXPORTER_OTLP_HEADERS',
    doc: 'Headers of every export, as name=value separated by commas, percent-encoded.',
  }),
  timeoutMs: numberOption({
    default: 10_000,
    min: 1,
    max: 900_000,
    environment: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    doc: 'After how many ms without an answer a request is given up and sent again; never billed, see the cap on the tail.',
  }),
  compression: choiceOption({
    default: 'none',
    choices: ['none', 'gzip'],
    environment: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    doc: 'Compression of exports: none or gzip.',
  }),
};

/**
 * The options of one signal, which go before those of all.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function toSignalOptions(signal: SignalName): OtlpOptionSchema<undefined> {
  const prefix = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_`;
  const { timeoutMs, compression } = OTLP_OPTIONS;
  return {
    endpoint: addressOption({
      default: '',
      environment: `${prefix}ENDPOINT`,
      doc: 'Full address that this signal is posted to, taken as it is; goes before the general one.',
    }),
    headers: mapOption({
      default: {},
      environment: `${prefix}HEADERS`,
      doc: 'Headers of its exports; they go before the general ones.',
    }),
    timeoutMs: {
      ...timeoutMs,
      default: undefined,
      environment: `${prefix}TIMEOUT`,
      doc: 'The timeout of its requests, ms; the general one when not set.',
    },
    compression: {
      ...compression,
      default: undefined,
      environment: `${prefix}COMPRESSION`,
      doc: 'Its compression; the general one when not set.',
    },
  };
}

/** Where the requests of one signal go, and how. */
export interface OtlpTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

/** Where the options of a signal are read from. */
export interface OtlpSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly general: OptionValues<OtlpOptionSchema<never>>;
  readonly warn: (message: string) => void;
}

/**
 * Reads where a signal goes.
 *
 * @returns `undefined` where no collector is configured for it
 */
export function readTarget(
  signal: SignalName,
  { environment, general, warn }: OtlpSources,
): OtlpTarget | undefined {
  const own = readOptions(toSignalOptions(signal), { environment: (name) => environment[name], warn });
  const address = own.endpoint || (general.endpoint && `${general.endpoint}/v1/${signal}`);
  if (!address) return undefined;
  return {
    url: new URL(address),
    headers: { ...general.headers, ...own.headers },
    timeoutMs: own.timeoutMs ?? general.timeoutMs,
    gzip: (own.compression ?? general.compression) === 'gzip',
  };
}

/** A URL that has the form of one may still lead nowhere, by its port for example. */
function addressOption(spec: OptionSpec<string>): Option<string> {
  const url = urlOption(spec);
  const parse = (raw: unknown): string | undefined => {
    const address = url.parse(raw);
    return address !== undefined && URL.canParse(address) ? address : undefined;
  };
  return { ...url, parse };
}
