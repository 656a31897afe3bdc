import {
  booleanOption,
  choiceOption,
  listOption,
  mapOption,
  numberOption,
  readOptions,
  textOption,
} from '@clickspan/shared/options';
import type { Option, OptionInput, OptionSpec, OptionValues } from '@clickspan/shared/options';
import type { ExceptionSignal } from './features/logs/exceptionRecords.ts';
import { SIGNALS } from './model/signal.ts';
import type { SignalName } from './model/signal.ts';
import type { SamplerName } from './features/invocation/sampling.ts';
import { OTLP_OPTIONS, readTarget } from './otlpOptions.ts';
import type { OtlpOptionSchema, OtlpTarget } from './otlpOptions.ts';
import type { Report } from './platform/guard.ts';

/** Where a signal goes: to a collector, to the function's own log, or nowhere. */
export type ExporterName = 'otlp' | 'otlp/stdout' | 'none';

/** The options of the Lambda agent; every one can be set by an environment variable. */
export interface LambdaOptionSchema extends OtlpOptionSchema<never> {
  readonly tracesExporter: Option<ExporterName>;
  readonly metricsExporter: Option<ExporterName>;
  readonly logsExporter: Option<ExporterName>;
  readonly serviceName: Option<string>;
  readonly resourceAttributes: Option<Readonly<Record<string, string>>>;
  readonly disabled: Option<boolean>;
  readonly serverTiming: Option<boolean>;
  readonly openTelemetry: Option<'early' | 'late' | 'off'>;
  readonly xray: Option<'link' | 'parent' | 'off'>;
  readonly flush: Option<'each' | 'overlap'>;
  readonly maxQueueBytes: Option<number>;
  readonly sampler: Option<SamplerName>;
  readonly samplerRatio: Option<number>;
  readonly keep: Option<readonly string[]>;
  readonly trustedTracesPerSecond: Option<number>;
  readonly crashMarker: Option<boolean>;
  readonly slowestImports: Option<number>;
  readonly captureEvent: Option<boolean>;
  readonly captureResult: Option<boolean>;
  readonly captureMaxLength: Option<number>;
  readonly awsSdk: Option<boolean>;
  readonly contextInPayload: Option<readonly string[]>;
  readonly databases: Option<'text' | 'names' | 'off'>;
  readonly logs: Option<'off' | 'errors' | 'all'>;
  readonly maxLogs: Option<number>;
  readonly exceptionSignal: Option<ExceptionSignal>;
}

export const LAMBDA_OPTIONS: LambdaOptionSchema = {
  ...OTLP_OPTIONS,
  tracesExporter: exporterOption({
    default: 'otlp',
    environment: 'OTEL_TRACES_EXPORTER',
    doc: 'Where spans go: to the collector (otlp), as lines into the log of the function (otlp/stdout), or nowhere (none).',
  }),
  metricsExporter: exporterOption({
    default: 'none',
    environment: 'OTEL_METRICS_EXPORTER',
    doc: 'The same for metrics of all invocations, recorded traces or not.',
  }),
  logsExporter: exporterOption({
    default: 'otlp',
    environment: 'OTEL_LOGS_EXPORTER',
    doc: 'The same for what CLICKSPAN_LOGS takes.',
  }),
  serviceName: textOption({
    default: '',
    environment: 'OTEL_SERVICE_NAME',
    doc: 'Name of the service; the name of the function when not set.',
  }),
  resourceAttributes: mapOption({
    default: {},
    environment: 'OTEL_RESOURCE_ATTRIBUTES',
    doc: 'More attributes of the resource, as name=value separated by commas, percent-encoded.',
  }),
  disabled: booleanOption({
    default: false,
    environment: 'OTEL_SDK_DISABLED',
    doc: 'True switches the agent off altogether.',
  }),
  serverTiming: booleanOption({
    default: true,
    environment: 'CLICKSPAN_SERVER_TIMING',
    doc: 'Whether HTTP responses get a Server-Timing header with the trace, the cold start and the duration.',
  }),
  openTelemetry: choiceOption({
    default: 'late',
    choices: ['early', 'late', 'off'],
    environment: 'CLICKSPAN_OPENTELEMETRY',
    doc: 'When the agent offers itself to @opentelemetry/api: before your code is loaded (early: tracers made while loading join, but an SDK of your own cannot register any more), at the first invocation unless an SDK is there (late), or never (off).',
  }),
  xray: choiceOption({
    default: 'link',
    choices: ['link', 'parent', 'off'],
    environment: 'CLICKSPAN_XRAY',
    doc: 'What becomes of a context that X-Ray records: a link of the invocation (link), its parent where the event names none, for whoever sends traces to X-Ray (parent), or nothing (off).',
  }),
  flush: choiceOption({
    default: 'each',
    choices: ['each', 'overlap'],
    environment: 'CLICKSPAN_FLUSH',
    doc: 'Whether the environment is held after each response until the collector has answered (each), or, in busy functions, goes on to the next invocation and gets the answer there (overlap).',
  }),
  maxQueueBytes: numberOption({
    default: 2_097_152,
    min: 65_536,
    max: 67_108_864,
    environment: 'CLICKSPAN_MAX_QUEUE_BYTES',
    doc: 'How many bytes of each signal may wait for a collector that does not answer; the oldest are dropped beyond it.',
  }),
  sampler: choiceOption({
    default: 'parentbased_always_on',
    choices: [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    environment: 'OTEL_TRACES_SAMPLER',
    doc: 'Which traces are recorded: all, none, or a share; the parentbased ones follow the decision of a caller that has made one.',
  }),
  samplerRatio: numberOption({
    default: 1,
    min: 0,
    max: 1,
    environment: 'OTEL_TRACES_SAMPLER_ARG',
    doc: 'The share of traces that the ratio samplers record, 0 to 1.',
  }),
  keep: listOption({
    default: ['errors', 'cold_starts'],
    environment: 'CLICKSPAN_KEEP',
    doc: 'What is told all the same of an invocation that a ratio sampler leaves out: errors, cold_starts, both, or none.',
  }),
  trustedTracesPerSecond: numberOption({
    default: 10,
    min: 0,
    max: 1_000_000,
    environment: 'CLICKSPAN_TRUSTED_TRACES_PER_SECOND',
    doc: 'How many traces a second and environment may ask to be recorded by a traceparent that anybody may have written: of an HTTP request, or in a payload; the sampler decides about the others.',
  }),
  crashMarker: booleanOption({
    default: true,
    environment: 'CLICKSPAN_CRASH_MARKER',
    doc: 'Whether a file in /tmp tells the next process of this environment of an invocation that has died.',
  }),
  slowestImports: numberOption({
    default: 0,
    min: 0,
    max: 100,
    environment: 'CLICKSPAN_SLOWEST_IMPORTS',
    doc: 'How many of the slowest imports become spans of the init; measuring them slows every import a little.',
  }),
  captureEvent: booleanOption({
    default: false,
    environment: 'CLICKSPAN_CAPTURE_EVENT',
    doc: 'Whether the event is recorded, masked, as clickspan.event.',
  }),
  captureResult: booleanOption({
    default: false,
    environment: 'CLICKSPAN_CAPTURE_RESULT',
    doc: 'Whether what the handler returns is recorded, masked, as clickspan.result.',
  }),
  captureMaxLength: numberOption({
    default: 2048,
    min: 16,
    max: 4096,
    environment: 'CLICKSPAN_CAPTURE_MAX_LENGTH',
    doc: 'How many characters of an event or result are recorded.',
  }),
  awsSdk: booleanOption({
    default: true,
    environment: 'CLICKSPAN_AWS_SDK',
    doc: 'Whether clients of an AWS SDK that is not bundled are traced without code. False leaves its classes alone; what the HTTP requests tell stays.',
  }),
  contextInPayload: listOption<readonly string[]>({
    default: [],
    environment: 'CLICKSPAN_CONTEXT_IN_PAYLOAD',
    doc: 'Services in whose payloads the trace is written, as traceparent at the top of a JSON object: eventbridge (detail), stepfunctions (input), kinesis (data). Consumers see it.',
  }),
  logs: choiceOption({
    default: 'off',
    choices: ['off', 'errors', 'all'],
    environment: 'CLICKSPAN_LOGS',
    doc: "What of the function's own log is exported as log records: nothing (off), errors and worse (errors), or all. What is written stays as it is.",
  }),
  maxLogs: numberOption({
    default: 1000,
    min: 0,
    max: 100_000,
    environment: 'CLICKSPAN_MAX_LOGS',
    doc: 'How many lines of one invocation are exported; those of errors come on top.',
  }),
  exceptionSignal: choiceOption({
    default: 'spans',
    choices: ['spans', 'logs', 'logs/dup'],
    environment: 'OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN',
    doc: 'Where the exceptions of spans go: they are events of the span (spans), log records of it (logs), or both (logs/dup). Where logs are not exported, they stay events.',
  }),
  databases: choiceOption({
    default: 'text',
    choices: ['text', 'names', 'off'],
    environment: 'CLICKSPAN_DATABASES',
    doc: 'What spans of databases tell: the statement without values (text), only what is done to which tables (names), or no spans at all (off).',
  }),
};

/** The options after reading. */
export interface LambdaOptions extends OptionValues<LambdaOptionSchema> {
  /** Where each signal goes; those are missing that are not exported. */
  readonly targets: Readonly<Partial<Record<SignalName, OtlpTarget>>>;
  /** What is written into the function's log instead. */
  readonly lines: readonly SignalName[];
}
/** What code may set. */
export type LambdaOptionInput = OptionInput<LambdaOptionSchema>;

/**
 * Reads the options: environment before code before default.
 *
 * @param report told once of all values that are not valid, by name
 */
export function readLambdaOptions(
  environment: Readonly<Record<string, string | undefined>>,
  code: LambdaOptionInput | undefined,
  report: Report,
): LambdaOptions {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const options = readOptions<LambdaOptionSchema>(LAMBDA_OPTIONS, {
    environment: (name) => environment[name],
    code,
    warn,
  });
  const targets: Partial<Record<SignalName, OtlpTarget>> = {};
  const lines: SignalName[] = [];
  for (const signal of SIGNALS) {
    if (signal === 'logs' && !wantsLogs(options)) continue;
    const exporter = options[`${signal}Exporter`];
    if (exporter === 'otlp/stdout') lines.push(signal);
    if (exporter !== 'otlp') continue;
    const target = readTarget(signal, { environment, general: options, warn });
    if (target) targets[signal] = target;
  }
  if (warnings.length > 0) report(warnings.join(' '));
  return { ...options, targets, lines };
}

/** Whether anything becomes a log record: what the function writes, or the exceptions of its spans. */
export function wantsLogs({
  logs,
  exceptionSignal,
}: Pick<OptionValues<LambdaOptionSchema>, 'logs' | 'exceptionSignal'>): boolean {
  return logs !== 'off' || exceptionSignal !== 'spans';
}

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection */
function exporterOption(spec: OptionSpec<ExporterName>): Option<ExporterName> {
  return choiceOption({ ...spec, choices: ['otlp', 'otlp/stdout', 'none'] });
}
