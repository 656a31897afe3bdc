import type { Attributes, Context, Span } from '@opentelemetry/api';
import { ERROR_TYPE } from '@clickspan/shared/attributes';
import { createSilentSpan, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { Actions } from './actions.ts';

/** An action that the page has named itself. */
export interface CustomAction {
  /** For attributes and events of one's own. */
  readonly span: Span;
  /** Calls a function whose requests belong to the action, across `await` too; gives what it gives. */
  run<T>(run: () => T): T;
  /** Says that it is over; it lasts until what it has caused is done. */
  readonly end: () => void;
}

/** Makes actions for the page. */
export interface CustomActions {
  /** Starts an action that lasts until it is ended. */
  readonly startAction: (name: string, attributes?: Attributes) => CustomAction;
  /** Runs a function as an action that lasts until that has returned, or the promise that it gives has settled. */
  readonly runAction: <T>(name: string, run: () => T) => T;
}

/** What custom actions need. */
export interface CustomActionsDeps {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly actions: Actions;
  readonly current: {
    get(): Context;
    resume(context: Context, counts?: boolean): void;
    readonly runWith: <T>(context: Context, run: () => T) => T;
  };
  readonly afterMicrotasks: (run: () => void) => void;
  /** Ties a promise to the current context; see `createFollow`. */
  readonly follow: <T>(
    promise: T,
    observer?: { onValue?: (value: unknown) => void; onError?: (error: unknown) => void },
  ) => T;
}

/** Makes the functions, without effects on the page. */
export function createCustomActions(deps: CustomActionsDeps): CustomActions {
  const { guard, clock, actions, current, afterMicrotasks, follow } = deps;
  const startAction: CustomActions['startAction'] = (name, attributes) => {
    const action = guard(() =>
      actions.start({
        type: 'custom',
        name,
        startUnixMs: clock.now(),
        isTrusted: true,
        attributes,
        // It stands for itself, whatever it was started in.
        link: actions.of(current.get())?.spanContext,
      }),
    );
    const release = action?.hold();
    return {
      span:
        action?.span ?? createSilentSpan({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
      run(run) {
        if (!action) return run();
        // Behind this go the first reactions of what `run` awaits, when the context of the caller is back.
        afterMicrotasks(() => current.resume(action.context));
        // The caller goes on in its own context when it has awaited this.
        return follow(current.runWith(action.context, run));
      },
      end() {
        guard(() => release?.());
      },
    };
  };
  return {
    startAction,
    runAction(name, run) {
      const action = startAction(name);
      const fail = (error: unknown): void => {
        action.span.setStatus({ code: STATUS_ERROR });
        // Reading it may run code of the page.
        guard(() => action.span.setAttribute(ERROR_TYPE, (error as Error | undefined)?.name ?? 'Error'));
        action.end();
      };
      try {
        return follow(action.run(run), { onValue: action.end, onError: fail });
      } catch (error) {
        fail(error);
        throw error;
      }
    },
  };
}
