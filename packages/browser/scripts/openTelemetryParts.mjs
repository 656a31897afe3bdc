import { join } from 'node:path';
import { visitNodes } from '../../../scripts/visitNodes.mjs';

/**
 * A rollup plugin for the bundled script of OpenTelemetry's edition: puts little or nothing in the place of parts of the
 * packages that the agent never comes to use. What is replaced is named by the end of its path, and each with its reason.
 *
 * @param {string} root the folder of this package
 */
export function openTelemetryParts(root) {
  return {
    name: 'opentelemetry-parts',
    resolveId: {
      order: 'pre',
      handler(id, importer) {
        if (id === '@opentelemetry/api') return join(root, 'dist/features/openTelemetry/api.js');
        return importer && Object.hasOwn(packages, id) ? `\0${id}` : null;
      },
    },
    load(id) {
      if (id.startsWith('\0')) return packages[id.slice(1)] ?? null;
      const name = Object.keys(files).find((end) => id.endsWith(`/node_modules/@opentelemetry/${end}`));
      return name ? files[name] : null;
    },
    transform(code, id) {
      const file = Object.keys(unused).find((end) => id.endsWith(`/node_modules/@opentelemetry/${end}`));
      return file ? { code: withoutBodies(code, this.parse(code), unused[file]), map: null } : null;
    },
  };
}

/**
 * Empties functions and methods, so that what only they use is left out too.
 *
 * @throws when one is not there: a new version of the package is to be looked at
 */
function withoutBodies(code, program, names) {
  const missing = new Set(names);
  let text = code;
  visitNodes(program, ({ type, key, id, computed, value, body }) => {
    const isMethod = type === 'MethodDefinition';
    if (!isMethod && type !== 'FunctionDeclaration') return;
    const name = isMethod ? (computed ? `[${key.name}]` : key.name) : id?.name;
    if (!names.includes(name)) return;
    missing.delete(name);
    const { start, end } = isMethod ? value.body : body;
    // Blanks in its place keep the source map right.
    text = `${text.slice(0, start)}{${' '.repeat(end - start - 2)}}${text.slice(end)}`;
  });
  if (missing.size) throw new Error(`Not there any more: ${[...missing].join(', ')}`);
  return text;
}

/** Functions that are never called, since instrumentations see no answers and nothing is registered, flushed or printed. */
const unused = {
  'instrumentation-fetch/build/esm/fetch.js': [
    '_addChildSpan',
    '_addHeaders',
    '_addFinalSpanAttributes',
    '_clearResources',
    '_findResourceAndAddNetworkEvents',
    '_markResourceAsUsed',
    '_endSpan',
    '_applyAttributesAfterFetch',
    '_callRequestHook',
    '_prepareSpanData',
    'endSpanOnError',
    'endSpanOnSuccess',
    'onSuccess',
    'onError',
    'disable',
  ],
  'instrumentation-fetch/build/esm/utils.js': ['getFetchBodyLength'],
  'instrumentation-xml-http-request/build/esm/xhr.js': [
    '_addHeaders',
    '_addChildSpan',
    '_addFinalSpanAttributes',
    '_applyAttributesAfterXHR',
    '_addResourceObserver',
    '_clearResources',
    '_findResourceAndAddNetworkEvents',
    '_markResourceAsUsed',
    // What it gives is put nowhere.
    '_patchSend',
    'disable',
  ],
  'instrumentation/build/esm/instrumentation.js': [
    'getModuleDefinitions',
    '_runSpanCustomizationHook',
    'setMeterProvider',
    'setLoggerProvider',
  ],
  'sdk-trace/build/esm/Span.js': ['[inspectCustom]'],
  'sdk-trace/build/esm/Tracer.js': ['startActiveSpan', '[inspectCustom]'],
  'sdk-trace/build/esm/TracerProvider.js': ['forceFlush', 'shutdown', '[inspectCustom]'],
  'sdk-trace/build/esm/MultiSpanProcessor.js': ['forceFlush', 'shutdown'],
  'sdk-trace-web/build/esm/WebTracerProvider.js': ['register'],
};

const packages = {
  // The instrumentations ask for a logger, and log nothing.
  '@opentelemetry/api-logs': 'export const logs = { getLogger() {} };',
  // Only for the resource of a provider that was given none.
  '@opentelemetry/resources': 'export const defaultResource = undefined;',
};

const files = {
  // Of each package what is used, so that the build fails where a new version uses more.
  'sdk-trace-web/build/esm/index.js': 'export { WebTracerProvider } from "./WebTracerProvider";',
  'sdk-trace-base/build/esm/index-shim.js':
    'export { BasicTracerProvider } from "./BasicTracerProvider-shim";',
  'sdk-trace/build/esm/index.js': 'export { TracerProvider } from "./TracerProvider";',
  'instrumentation/build/esm/index.js': `
    export { InstrumentationBase } from "./platform/browser/instrumentation";
    export { safeExecuteInTheMiddle } from "./utils";`,
  'web-common/build/esm/index.js': `
    export { PerformanceTimingNames } from "./enums/PerformanceTimingNames";
    export * from "./utils-resource-timings";`,
  'core/build/esm/index.js': `
    export { isAttributeValue, sanitizeAttributes } from "./common/attributes";
    export { addHrTimes, hrTime, hrTimeDuration, isTimeInput, isTimeInputHrTime, millisToHrTime } from "./common/time";
    export { isTracingSuppressed } from "./trace/suppress-tracing";
    export const otperformance = performance;
    export let CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator;
    ${/* The one processor is ours and fails nowhere. */ ''}
    export const globalErrorHandler = () => {};
    ${/* Of a deep merge of configurations there is one to merge. */ ''}
    export const merge = Object.assign;
    ${/* Pages have no environment. */ ''}
    export const getNumberFromEnv = () => {};
    ${/* None is. */ ''}
    export const isUrlIgnored = getNumberFromEnv;
    export const getStringListFromEnv = getNumberFromEnv;`,
  // Limits from variables of an environment; the provider has defaults of its own.
  'sdk-trace-base/build/esm/utility.js': 'export const reconfigureLimits = (config) => config;',
  // Defaults from variables of an environment.
  'sdk-trace-base/build/esm/config.js': 'export const loadDefaultConfig = () => ({});',
  // Counts spans for a meter that is not there.
  'sdk-trace/build/esm/TracerMetrics.js': 'export class TracerMetrics { startSpan() {} }',
  // For `console.log` in Node.js.
  'sdk-trace/build/esm/inspect.js':
    'export const inspectCustom = "inspect", formatInspect = () => {}, settledResourceAttributes = formatInspect;',
  // Ids and sampling are the agent's.
  'sdk-trace/build/esm/platform/browser/index.js': 'export class RandomIdGenerator {}',
  'sdk-trace/build/esm/sampler/ParentBasedSampler.js': 'export class ParentBasedSampler {}',
  'sdk-trace/build/esm/sampler/AlwaysOnSampler.js': 'export class AlwaysOnSampler {}',
  // For `register()`, which is never called: context and propagation are the agent's.
  'sdk-trace-web/build/esm/StackContextManager.js': 'export let StackContextManager;',
  // Replaces functions of the page; nothing is replaced.
  'instrumentation/build/esm/shimmer.js': 'export let wrap, unwrap, massWrap, massUnwrap;',
  // The search for resource timings, which is the agent's.
  'web-common/build/esm/utils-resource-timings.js': `
    export const parseUrl = (url) => new URL(url, document.baseURI);
    export const getResource = () => {};
    export const addSpanNetworkEvents = getResource;
    export const shouldPropagateTraceHeaders = getResource;`,
};
