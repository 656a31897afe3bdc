import type { Attributes, Context } from '@opentelemetry/api';
import { BROWSER_DOCUMENT_URL, CLICKSPAN_ERROR_SOURCE } from '@clickspan/shared/attributes';
import { spanOf } from '@clickspan/shared/context';
import { maskUrl } from '@clickspan/shared/masking';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { Listen } from '../../platform/listen.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import { describeError, toErrorAttributes } from './describeError.ts';
import { createErrorReports, type ErrorReportsDeps } from './errorReports.ts';

/** How the rest of the agent hands errors over. */
export interface ErrorSink {
  /** Records an error that the page has caught itself. */
  record(error: unknown, attributes?: Attributes): void;
  /** Records what an event tells, also one from before there was a listener. */
  readonly handle: (event: Event) => void;
}

/** What observing errors needs. */
export interface ErrorsDeps extends ErrorReportsDeps {
  readonly window: Window & typeof globalThis;
  readonly options: { readonly consoleErrors: boolean; readonly endpoint: string };
  readonly guard: Guard;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly current: { get(): Context; ended(): Context };
  readonly actions: { readonly of: (context: Context) => FailingAction | undefined };
  /** Where this puts how to hand errors over. */
  errors: ErrorSink | undefined;
}

/** The part of an action that errors use. */
interface FailingAction {
  readonly isOpen: boolean;
  addError(failure: string | undefined): void;
}

/** What the events tell that are listened to. */
type ErrorSignal = Event &
  Partial<Pick<ErrorEvent, 'error' | 'message' | 'filename' | 'lineno' | 'colno'>> &
  Partial<Pick<PromiseRejectionEvent, 'reason'>> &
  Partial<SecurityPolicyViolationEvent>;

const REJECTION = 'unhandledrejection';
const VIOLATION = 'securitypolicyviolation';
const SEVERITY_ERROR = 17;

/**
 * Records the errors of the page: what nobody has caught, what could not be loaded, what its policy has forbidden, and
 * what it hands over. It only listens, so whether an error counts as handled stays as it was.
 *
 * @returns undoes it
 */
export function observeErrors(deps: ErrorsDeps): () => void {
  const { window, options, guard, listen, clock, current } = deps;
  const reports = createErrorReports(deps);
  let isReading = false;

  // The message and the stack are masked where everything leaves the page.
  const report = (source: string, thrown: unknown, event?: ErrorSignal, attributes?: Attributes): void => {
    // Reading may run code of the page, which may fail too.
    if (isReading) return;
    isReading = true;
    let described: ReturnType<typeof describeError>;
    try {
      described = describeError(thrown);
    } finally {
      isReading = false;
    }
    const { type, message, stack } = described;
    // A rejection is told by a task of its own, right behind the one in which it happened.
    const ended = source === REJECTION ? current.ended() : undefined;
    const { actions } = deps;
    const context = ended && actions.of(ended)?.isOpen ? ended : current.get();
    actions.of(context)?.addError(source === 'error' || ended ? type : undefined);
    const spanContext = spanOf(context)?.spanContext();
    const file = event?.filename || event?.sourceFile;
    const trace =
      stack ||
      (file ? `at ${file}:${event.lineno ?? event.lineNumber}:${event.colno ?? event.columnNumber}` : '');
    reports.add([spanContext?.traceId, type, message, trace].join(), {
      unixMs: event ? clock.fromTimeStamp(event.timeStamp) : clock.now(),
      eventName: 'exception',
      severity: SEVERITY_ERROR,
      spanContext,
      attributes: {
        ...attributes,
        ...toErrorAttributes({ type, message, stack: trace }),
        [CLICKSPAN_ERROR_SOURCE]: source,
        [BROWSER_DOCUMENT_URL]: maskUrl(window.location),
      },
    });
  };

  const handle = (event: ErrorSignal): void => {
    const { type, target, message, filename, blockedURI } = event;
    if (type === REJECTION) report(type, event.reason, event);
    else if (type === VIOLATION) {
      // Not of the way to the collector itself: what tells it would be refused again.
      if (options.endpoint && blockedURI!.startsWith(options.endpoint)) return;
      const name = 'SecurityPolicyViolation';
      report(
        'csp',
        { name, message: `${event.effectiveDirective} ${blockedURI} (${event.disposition})` },
        event,
      );
    } else if (target === window) {
      // All that a browser tells of a script of another origin that was not loaded by CORS.
      const isHidden = !filename && message === 'Script error.';
      report(type, event.error ?? { name: isHidden ? 'CrossOriginError' : 'Error', message }, event);
    } else if (event.isTrusted) {
      // One that the page tells itself, to run its own listeners, says nothing of what was loaded.
      const { localName, currentSrc, src, href } = target as Loading;
      const address = String(currentSrc || src || href);
      report('resource', { name: 'ResourceError', message: `<${localName}> ${address}` }, event);
    }
  };

  const stops = ['error', REJECTION, VIOLATION].map((type) => listen(window, type, handle));
  stops.push(listen(window, 'visibilitychange', reports.flush), reports.flush);
  if (options.consoleErrors) {
    stops.push(
      patchMethod(window.console, 'error', (original, self, args) => {
        guard(() => report('console', args.find((arg) => describeError(arg).stack) ?? args));
        return Reflect.apply(original, self, args);
      }),
    );
  }
  deps.errors = { record: (error, attributes) => report('caught', error, undefined, attributes), handle };
  return () => {
    deps.errors = undefined;
    stops.forEach((stop) => stop());
  };
}

/** An element that has something to load. */
interface Loading extends Element {
  readonly currentSrc?: string;
  readonly src?: string;
  readonly href?: string;
}
