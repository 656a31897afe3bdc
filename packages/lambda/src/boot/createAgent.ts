import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import { createTracerProvider } from '@clickspan/shared/tracer';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Exporter } from '../features/export/exporter.ts';
import { createExporters } from '../features/export/exporters.ts';
import { createPace } from '../features/export/pace.ts';
import { TRACES } from '../features/export/traces.ts';
import { createExtension } from '../features/extension/extension.ts';
import type { Extension } from '../features/extension/extension.ts';
import { observeImports } from '../features/handler/imports.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { wrapHandler } from '../features/handler/wrapHandler.ts';
import type { StartCall } from '../features/handler/wrapHandler.ts';
import { toMaskedException } from '../features/invocation/exception.ts';
import { createHeldTraces } from '../features/invocation/heldTraces.ts';
import type { TellInterrupted } from '../features/invocation/interrupted.ts';
import { IN_INVOCATION, createInvocations } from '../features/invocation/invocation.ts';
import type { MessageSpans } from '../features/invocation/messageSpans.ts';
import { createRenewableIds } from '../features/invocation/renewableIds.ts';
import { createSampler, createTokenBucket } from '../features/invocation/sampling.ts';
import { describeMessage } from '../features/triggers/describeMessage.ts';
import { parseTrigger } from '../features/triggers/parseTrigger.ts';
import type { Signal } from '../model/signal.ts';
import type { SignalExporter } from '../model/signalExporter.ts';
import { readLambdaOptions } from '../options.ts';
import type { LambdaOptionInput } from '../options.ts';
import { createActiveContext } from '../platform/activeContext.ts';
import type { ActiveContext } from '../platform/activeContext.ts';
import { createObserveChannel } from '../platform/channel.ts';
import { createProcessClock, readProcessStartUnixMs } from '../platform/clock.ts';
import { createGuard, createReport } from '../platform/guard.ts';
import type { Report } from '../platform/guard.ts';
import { openPlainConnection, toOrigin } from '../platform/httpConnection.ts';
import { toMaskedJson } from '../platform/maskedJson.ts';
import { registerOpenTelemetry } from '../platform/openTelemetryGlobal.ts';
import { isConcurrent } from '../platform/ownProcess.ts';
import { isClientBefore4, observeProcessEnd } from '../platform/processEnd.ts';
import { readRandomHex } from '../platform/randomHex.ts';
import { observeStreamHeads } from '../platform/responseStream.ts';
import { beforeTermination } from '../platform/termination.ts';
import { after } from '../platform/timers.ts';
import { readXrayHeader } from '../platform/xrayEnvironment.ts';
import { VERSION } from '../version.ts';
import { createSignalExporter } from './createSignalExporter.ts';
import type { Agent } from './globalAgent.ts';
import { createStartCall } from './startCall.ts';
import { startCrashRecord } from './startCrashRecord.ts';
import type { LoadLogs } from './startLogs.ts';
import type { LoadMetrics } from './startMetrics.ts';
import { startOutgoing } from './startOutgoing.ts';
import { takeLogs } from './takeLogs.ts';
import { takeMetrics } from './takeMetrics.ts';

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
  const createExporter = <T>(signal: Signal<T>): Exporter<T> | undefined =>
    createSignalExporter(signal, options, report);
  const add = (exporter: SignalExporter): void => exporters?.add(exporter);
  const concurrent = isConcurrent();
  const scope: Scope = { name: SCOPE, version: VERSION };
  const spans = createExporter(TRACES);
  if (spans) add(spans);
  const tell = (span: EndedSpan): void => spans?.add(takeExceptions(span));
  const metrics = takeMetrics({ load: loadMetrics, clock, guard, concurrent, scope, createExporter, add });
  const { logs, takeExceptions } = takeLogs({
    load: loadLogs,
    options,
    contexts,
    clock,
    guard,
    concurrent,
    scope,
    createExporter,
    add,
  });
  // One line of one file: it tells of one invocation at a time.
  const crashRecord =
    concurrent || !exporters || !options.crashMarker
      ? undefined
      : startCrashRecord({ exporters, tell, metrics, scope, now: clock.now, guard });
  const held = createHeldTraces(tell);
  const sampler = createSampler({
    sampler: options.sampler,
    ratio: options.samplerRatio,
    takeTrust: createTokenBucket(options.trustedTracesPerSecond, clock.now),
    random: Math.random,
  });
  const ids = createRenewableIds(readRandomHex);
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
  const tellInterrupted: TellInterrupted = (span) =>
    span.context.traceFlags & FLAG_SAMPLED ? tell(span) : held.addKept(span);
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
    tellInterrupted,
    readXrayHeader,
    xray: options.xray,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'function',
    initializationType: process.env['AWS_LAMBDA_INITIALIZATION_TYPE'],
    restarted: crashRecord?.restarted === true,
    initStartUnixMs,
    serverTiming: options.serverTiming,
    completesResults: outermost,
    watch: metrics?.watch,
    sampler,
    held,
    keeps: { errors: options.keep.includes('errors'), coldStarts: options.keep.includes('cold_starts') },
    capture: {
      event: options.captureEvent,
      result: options.captureResult,
      toText: (payload) => toMaskedJson(payload, options.captureMaxLength),
    },
  });
  const { calls, awsMiddleware, look } = startOutgoing(
    { tracer, contexts, guard, now: clock.now, contextInPayload: options.contextInPayload },
    options,
  );

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
    tellInterrupted,
    streamHeads: observeStreamHeads(guard),
    exporters,
    extension,
    crashRecord,
    logs,
    batchMs: concurrent ? BATCH_MS : undefined,
    pace: options.flush === 'overlap' && extension ? createPace(Date.now) : undefined,
    beforeTermination,
    observeEnd: observeProcessEnd,
    answersWhenIdle: isClientBefore4(),
    onFirst,
    onAnswered: ids.refill,
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
