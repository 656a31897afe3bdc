import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import { createTracerProvider } from '@clickspan/shared/tracer';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import { createActiveContext } from '../platform/activeContext.ts';
import type { ActiveContext } from '../platform/activeContext.ts';
import { registerOpenTelemetry } from '../platform/openTelemetryGlobal.ts';
import { createExporter } from '../features/export/exporter.ts';
import { createLineExporter } from '../features/export/lineExporter.ts';
import type { Exporter } from '../features/export/exporter.ts';
import { createExporters } from '../features/export/exporters.ts';
import type { Exporters } from '../features/export/exporters.ts';
import { TRACES } from '../features/export/signal.ts';
import type { Signal } from '../features/export/signal.ts';
import { createTransport } from '../features/export/transport.ts';
import { createExtension } from '../features/extension/extension.ts';
import type { Extension } from '../features/extension/extension.ts';
import { observeImports } from '../features/handler/imports.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { wrapHandler } from '../features/handler/wrapHandler.ts';
import type { StartCall } from '../features/handler/wrapHandler.ts';
import { createCrashRecord } from '../features/invocation/crashRecord.ts';
import type { CrashRecord } from '../features/invocation/crashRecord.ts';
import { toMaskedException } from '../features/invocation/exception.ts';
import { createHeldTraces } from '../features/invocation/heldTraces.ts';
import { IN_INVOCATION, createInvocations } from '../features/invocation/invocation.ts';
import type { MessageSpans } from '../features/invocation/messageSpans.ts';
import { createRenewableIds } from '../features/invocation/renewableIds.ts';
import { createSampler, createTokenBucket } from '../features/invocation/sampling.ts';
import { toDeadOutcome } from '../features/invocation/outcome.ts';
import { decideDeath, toRecoveredSpan } from '../features/invocation/unfinished.ts';
import { createMetrics } from '../features/metrics/metrics.ts';
import { createAwsMiddleware } from '../features/outgoing/awsClient.ts';
import type { AwsMiddleware } from '../features/outgoing/awsClient.ts';
import { observeAwsSdk } from '../features/outgoing/awsSdk.ts';
import { observeDatabases } from '../features/outgoing/databases.ts';
import { observeHttp2Client } from '../features/outgoing/http2Client.ts';
import { observeHttpClient } from '../features/outgoing/httpClient.ts';
import { createOpenCalls } from '../features/outgoing/openCalls.ts';
import type { OutgoingEnvironment } from '../features/outgoing/outgoing.ts';
import { observeUndici } from '../features/outgoing/undici.ts';
import { describeMessage } from '../features/triggers/describeMessage.ts';
import { parseTrigger } from '../features/triggers/parseTrigger.ts';
import { readLambdaOptions } from '../options.ts';
import type { LambdaOptionInput, LambdaOptions } from '../options.ts';
import { createObserveChannel } from '../platform/channel.ts';
import { createProcessClock, readProcessStartUnixMs } from '../platform/clock.ts';
import { readCpuSeconds } from '../platform/cpuTime.ts';
import { createGuard, createReport } from '../platform/guard.ts';
import type { Report } from '../platform/guard.ts';
import { openConnection, openPlainConnection, toOrigin } from '../platform/httpConnection.ts';
import { createLineWriter } from '../platform/logLines.ts';
import { openMarkerFile } from '../platform/markerFile.ts';
import { toMaskedJson } from '../platform/maskedJson.ts';
import { readMemoryBytes } from '../platform/memory.ts';
import { isConcurrent } from '../platform/ownProcess.ts';
import { isClientBefore4, observeProcessEnd } from '../platform/processEnd.ts';
import { readRandomBytes } from '../platform/randomBytes.ts';
import { observeStreamHeads } from '../platform/responseStream.ts';
import { after, every } from '../platform/timers.ts';
import { readXrayHeader } from '../platform/xrayEnvironment.ts';
import { readMaxMemoryBytes, toResource } from '../resource.ts';
import { VERSION } from '../version.ts';
import { createStartCall } from './startCall.ts';
import type { LoadLogs } from './startLogs.ts';
import type { LoadMetrics } from './startMetrics.ts';
import { takeLogs } from './takeLogs.ts';
import type { Agent } from './globalAgent.ts';

/** Load what few functions want, each a file of its own in the layer. */
export interface Loaders {
  readonly loadMetrics: LoadMetrics;
  readonly loadLogs: LoadLogs;
}

/** How an agent is used. */
export interface AgentMode extends Loaders {
  /** Every invocation passes through the wrapped handler, since nothing is wrapped around it. */
  readonly outermost: boolean;
  readonly code?: LambdaOptionInput | undefined;
}

/** The agent, as its own entry sees it. */
export interface StartedAgent extends Agent {
  /** The function's code has been loaded. */
  initialized(): void;
  /** The function's code is still being loaded; nobody will tell when it is. */
  loading(): void;
  /** Runs a part of the environment's start, which becomes a span. */
  timed<T>(part: string, run: () => Promise<T>): Promise<T>;
}

/** An invocation that the wrapped handler has not seen after so long is not going to come to it. */
const UNSEEN_MS = 100;
/** The same where nothing but the runtime client stands before it, which refuses few. */
const REFUSED_MS = 1000;
/** How often it is written down that the process is at work. */
const SEEN_EVERY_MS = 500;
/** Where nothing is frozen, spans wait so long for others. */
const BATCH_MS = 1000;
const SCOPE = '@clickspan/lambda';

/** Puts the agent together; the composition root. Nothing is sent before `ready`. */
export function createAgent({ outermost, code, loadMetrics, loadLogs }: AgentMode): StartedAgent | undefined {
  const clock = createProcessClock();
  const report = createReport((line) => process.stderr.write(line), Date.now);
  const guard = createGuard(report);
  const options = readLambdaOptions(process.env, code, report);
  if (options.disabled) return undefined;

  const contexts = createActiveContext();
  const isExported = Object.keys(options.targets).length + options.lines.length > 0;
  const exporters = isExported ? createExporters() : undefined;
  const spans = createExporterFor(TRACES, options, report);
  if (spans) exporters?.add(spans);
  const concurrent = isConcurrent();
  const scope: Scope = { name: SCOPE, version: VERSION };
  const metrics = createMetrics({
    load: () => loadMetrics()({ scope, now: clock.now, concurrent }),
    guard,
    cpuSeconds: concurrent ? undefined : readCpuSeconds,
  });
  const metricsExporter = createExporterFor(metrics.signal, options, report);
  if (metricsExporter) exporters?.add(metrics.toExporter(metricsExporter));
  const logs = takeLogs({
    load: loadLogs,
    options,
    contexts,
    clock,
    guard,
    concurrent,
    scope,
    addExporter(signal) {
      const exporter = createExporterFor(signal, options, report);
      if (exporter) exporters?.add(exporter);
      return exporter;
    },
  });
  // One line of one file: it tells of one invocation at a time.
  const crashRecord = concurrent
    ? undefined
    : exporters && guard(() => createCrashRecordFor(options, exporters, clock.now));
  const tell = (span: EndedSpan): void => spans?.add(span);
  if (crashRecord) every(SEEN_EVERY_MS, () => guard(crashRecord.seen));
  const died = crashRecord?.unfinished;
  if (died)
    guard(() => {
      const death = decideDeath(died, readMaxMemoryBytes(process.env), clock.now());
      if (died.recorded) tell(toRecoveredSpan(died, death, scope));
      metrics.addDead(toDeadOutcome(died, death), died.seenBytes);
    });
  // At once, since this process may die as the one before did.
  if (died || Object.keys(crashRecord?.unsent ?? {}).length > 0)
    setImmediate(() => void exporters?.flush(NaN, false).catch(() => {}));
  const held = createHeldTraces(tell);
  const sampler = createSampler({
    sampler: options.sampler,
    ratio: options.samplerRatio,
    takeTrust: createTokenBucket(options.trustedTracesPerSecond, clock.now),
    random: Math.random,
  });
  const ids = createRenewableIds(readRandomBytes);
  const provider = createTracerProvider({
    clock: clock.now,
    ids,
    activeContext: () => contexts.active(),
    runWith: contexts.run,
    describe: toMaskedException,
    sample: sampler.sampleRoot,
    record: held.records,
    onEnd: (span) => (span.context.traceFlags & FLAG_SAMPLED ? tell(span) : held.add(span)),
  });
  const tracer = provider.getTracer(SCOPE, VERSION);
  // Where many requests are served at once, nothing is frozen, and internal extensions get no events.
  const extension = concurrent ? undefined : exporters && createExtensionFor(outermost, report);
  const initStartUnixMs = readProcessStartUnixMs();
  const invocations = createInvocations({
    tracer,
    contexts,
    now: clock.now,
    guard,
    parseTrigger,
    describeMessage,
    readXrayHeader,
    xray: options.xray,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'function',
    initializationType: process.env['AWS_LAMBDA_INITIALIZATION_TYPE'],
    restarted: crashRecord?.restarted === true,
    initStartUnixMs,
    serverTiming: options.serverTiming,
    completesResults: outermost,
    watch: metricsExporter && metrics.watch,
    sampler,
    held,
    keeps: { errors: options.keep.includes('errors'), coldStarts: options.keep.includes('cold_starts') },
    capture: {
      event: options.captureEvent,
      result: options.captureResult,
      toText: (payload) => toMaskedJson(payload, options.captureMaxLength),
    },
  });
  const calls = createOpenCalls();
  const runtimeApi = process.env['AWS_LAMBDA_RUNTIME_API'] ?? '';
  const outgoing: OutgoingEnvironment = {
    tracer,
    contexts,
    guard,
    calls,
    now: clock.now,
    runtimeApi,
    xrayHeader: readXrayHeader,
    contextInPayload: options.contextInPayload,
    onUnknownSdk: () => lookAgain(),
  };
  const awsMiddleware = createAwsMiddleware(outgoing);
  const look = observeOutgoing(outgoing, awsMiddleware, options);
  const lookAgain = createLookAgain(look);

  const offer = (): void => void registerOpenTelemetry(provider, contexts);
  if (options.openTelemetry === 'early') offer();
  const onFirst = (): void => {
    ids.renew();
    if (options.openTelemetry === 'late') offer();
  };
  const startCall = createStartCall({
    invocations,
    contexts,
    clock,
    guard,
    calls,
    streamHeads: observeStreamHeads(guard),
    exporters,
    extension,
    crashRecord,
    logs,
    batchMs: concurrent ? BATCH_MS : undefined,
    observeEnd: observeProcessEnd,
    answersWhenIdle: isClientBefore4(),
    onFirst,
  });
  const slowestImports =
    options.slowestImports > 0
      ? observeImports({
          observe: createObserveChannel(guard),
          now: clock.now,
          taskRoot: process.env['LAMBDA_TASK_ROOT'] ?? '',
        })
      : undefined;
  const timed: StartedAgent['timed'] = async (name, run) => {
    const startUnixMs = clock.now();
    try {
      return await run();
    } finally {
      guard(() => invocations.part({ name, startUnixMs, endUnixMs: clock.now() }));
    }
  };
  // All that was before: Node itself, the runtime client, what else is preloaded.
  if (outermost)
    invocations.part({ name: 'start runtime', startUnixMs: initStartUnixMs, endUnixMs: clock.now() });
  return {
    version: 1,
    wrap: createWrap(contexts, startCall),
    traceMessage(record, handle) {
      const messages = contexts.active().getValue(IN_INVOCATION) as MessageSpans | undefined;
      return messages ? messages.run(record, handle) : handle(record);
    },
    awsMiddleware,
    ready: async () => {
      if (extension) await timed('register extension', extension.register);
    },
    initialized: () => {
      look();
      slowestImports?.(options.slowestImports).forEach(invocations.part);
      invocations.initialized();
    },
    loading: () => {
      look();
      invocations.loading();
    },
    timed,
  };
}

/** An SDK that is part of a bundle is never found, however often one looks. */
const MAX_LOOKS = 3;

/** Looks again for modules, soon, since the function seems to have loaded some after its own code. */
function createLookAgain(look: () => void): () => void {
  let looks = 0;
  return () => {
    if (looks < MAX_LOOKS) setImmediate(look);
    looks++;
  };
}

/**
 * Observes whatever the function may call.
 *
 * @returns looks for modules that were loaded since it looked before
 */
function observeOutgoing(
  outgoing: OutgoingEnvironment,
  awsMiddleware: AwsMiddleware,
  { awsSdk, databases }: LambdaOptions,
): () => void {
  observeHttpClient(outgoing);
  observeUndici(outgoing);
  const lookForHttp2 = observeHttp2Client(outgoing);
  if (databases !== 'off') observeDatabases(outgoing, databases === 'text');
  const lookForSdk = awsSdk ? observeAwsSdk(awsMiddleware, outgoing.guard) : (): void => {};
  return () => {
    outgoing.guard(lookForHttp2);
    outgoing.guard(lookForSdk);
  };
}

/** Opens what the process before may have left, and takes over what it could not send. */
function createCrashRecordFor(
  options: LambdaOptions,
  exporters: Exporters,
  now: () => number,
): CrashRecord | undefined {
  // The same for all processes of an environment, and for no other.
  const environmentId = /[\da-f]{32}$/.exec(process.env['AWS_LAMBDA_LOG_STREAM_NAME'] ?? '')?.[0];
  if (!options.crashMarker || !environmentId) return undefined;
  const folder = process.env['TMPDIR'] || '/tmp';
  const record = createCrashRecord({
    file: openMarkerFile(`${folder}/.clickspan-${environmentId}`),
    now,
    memoryBytes: readMemoryBytes,
    later: (run) => void setImmediate(run),
  });
  exporters.restore(record.unsent);
  return record;
}

function createWrap(contexts: ActiveContext, startCall: StartCall): Agent['wrap'] {
  const wrapped = new WeakSet<Handler>();
  return (handler) => {
    if (typeof handler !== 'function' || wrapped.has(handler)) return handler;
    const wrapper = wrapHandler(handler, (event, lambda, responseStream) =>
      // A handler within a handler of ours is part of the invocation, not another one.
      contexts.active().getValue(IN_INVOCATION) ? undefined : startCall(event, lambda, responseStream),
    );
    wrapped.add(wrapper);
    return wrapper;
  };
}

function createExtensionFor(outermost: boolean, report: Report): Extension | undefined {
  const runtimeApi = process.env['AWS_LAMBDA_RUNTIME_API'];
  if (!runtimeApi) return undefined;
  const origin = toOrigin(new URL(`http://${runtimeApi}`));
  return createExtension({
    connect: () => openPlainConnection(origin),
    now: Date.now,
    after,
    report,
    unseenMs: outermost ? REFUSED_MS : UNSEEN_MS,
  });
}

/** Makes the exporter of a signal; `undefined` where it is not exported. */
function createExporterFor<T>(
  signal: Signal<T>,
  options: LambdaOptions,
  report: Report,
): Exporter<T> | undefined {
  const resource = toResource(process.env, options, process.versions.node);
  const { maxQueueBytes } = options;
  if (options.lines.includes(signal.name))
    return createLineExporter({
      signal,
      resource,
      maxQueueBytes,
      writeLine: createLineWriter(process.env),
      report,
    });
  const target = options.targets[signal.name];
  if (!target) return undefined;
  const { url, headers, gzip, timeoutMs } = target;
  const origin = toOrigin(url);
  const transport = createTransport({
    connect: () => openConnection(origin),
    path: url.pathname + url.search,
    headers,
    gzip,
    nowMs: Date.now,
  });
  return createExporter({
    signal,
    transport,
    resource,
    maxQueueBytes,
    timeoutMs,
    nowMs: Date.now,
    report,
  });
}
