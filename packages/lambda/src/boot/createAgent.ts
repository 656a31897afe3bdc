import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import { createActiveContext } from '../platform/activeContext.ts';
import type { ActiveContext } from '../platform/activeContext.ts';
import { registerOpenTelemetry } from '../platform/openTelemetryGlobal.ts';
import { createExporter } from '../features/export/exporter.ts';
import type { Exporter } from '../features/export/exporter.ts';
import { createTransport } from '../features/export/transport.ts';
import { createExtension } from '../features/extension/extension.ts';
import type { Extension } from '../features/extension/extension.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { wrapHandler } from '../features/handler/wrapHandler.ts';
import type { StartCall } from '../features/handler/wrapHandler.ts';
import { IN_INVOCATION, createInvocations } from '../features/invocation/invocation.ts';
import { createAwsMiddleware } from '../features/outgoing/awsClient.ts';
import { observeHttpClient } from '../features/outgoing/httpClient.ts';
import { createOpenCalls } from '../features/outgoing/openCalls.ts';
import type { OutgoingEnvironment } from '../features/outgoing/outgoing.ts';
import { observeUndici } from '../features/outgoing/undici.ts';
import { parseTrigger } from '../features/triggers/parseTrigger.ts';
import { readLambdaOptions, toTracesUrl } from '../options.ts';
import type { LambdaOptionInput, LambdaOptions } from '../options.ts';
import { createProcessClock, readProcessStartUnixMs } from '../platform/clock.ts';
import { createGuard, createReport } from '../platform/guard.ts';
import type { Report } from '../platform/guard.ts';
import { openConnection, openPlainConnection, toOrigin } from '../platform/httpConnection.ts';
import { readRandomBytes } from '../platform/randomBytes.ts';
import { toResource } from '../resource.ts';
import { VERSION } from '../version.ts';
import { createStartCall } from './startCall.ts';
import type { Agent } from './globalAgent.ts';

/** How an agent is used. */
export interface AgentMode {
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
}

/** An invocation that the wrapped handler has not seen after so long is not going to come to it. */
const UNSEEN_MS = 100;

/** Puts the agent together; the composition root. Nothing is sent before `ready`. */
export function createAgent({ outermost, code }: AgentMode): StartedAgent | undefined {
  const clock = createProcessClock();
  const report = createReport((line) => process.stderr.write(line), Date.now);
  const guard = createGuard(report);
  const options = readLambdaOptions(process.env, code, report);
  if (options.disabled) return undefined;

  const contexts = createActiveContext();
  const exporter = createExporterFor(options, report);
  const provider = createTracerProvider({
    clock: clock.now,
    ids: createIdSource(readRandomBytes),
    activeContext: () => contexts.active(),
    runWith: contexts.run,
    describe: toExceptionAttributes,
    onEnd: (span) => exporter?.add(span),
  });
  const tracer = provider.getTracer('@clickspan/lambda', VERSION);
  const extension = exporter && createExtensionFor(outermost, report);
  const invocations = createInvocations({
    tracer,
    now: clock.now,
    guard,
    parseTrigger,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'function',
    initializationType: process.env['AWS_LAMBDA_INITIALIZATION_TYPE'],
    initStartUnixMs: readProcessStartUnixMs(),
    serverTiming: options.serverTiming,
    completesResults: outermost,
  });
  const calls = createOpenCalls();
  const runtimeApi = process.env['AWS_LAMBDA_RUNTIME_API'] ?? '';
  const outgoing: OutgoingEnvironment = { tracer, contexts, guard, calls, now: clock.now, runtimeApi };
  observeHttpClient(outgoing);
  observeUndici(outgoing);

  const offer = (): void => void registerOpenTelemetry(provider, contexts);
  if (options.openTelemetry === 'early') offer();
  const onFirst = options.openTelemetry === 'late' ? offer : (): void => {};
  const startCall = createStartCall({
    invocations,
    contexts,
    clock,
    guard,
    calls,
    exporter,
    extension,
    onFirst,
  });
  return {
    version: 1,
    wrap: createWrap(contexts, startCall),
    awsMiddleware: createAwsMiddleware(outgoing),
    ready: async () => {
      await extension?.register();
    },
    initialized: () => invocations.initialized(),
    loading: () => invocations.loading(),
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
    report,
    unseenMs: outermost ? undefined : UNSEEN_MS,
  });
}

function createExporterFor(options: LambdaOptions, report: Report): Exporter | undefined {
  const url = toTracesUrl(options);
  if (!url) return undefined;
  const origin = toOrigin(url);
  const transport = createTransport({
    connect: () => openConnection(origin),
    path: url.pathname + url.search,
    headers: { ...options.headers, ...options.tracesHeaders },
    gzip: options.compression === 'gzip',
    nowMs: Date.now,
  });
  return createExporter({
    transport,
    resource: toResource(process.env, options, process.versions.node),
    maxQueueBytes: options.maxQueueBytes,
    timeoutMs: options.timeoutMs,
    nowMs: Date.now,
    report,
  });
}
