import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, spanOf } from '@clickspan/shared/context';

/**
 * What caused the JavaScript that is running now. It never guesses: where the cause is not known, it is the base context
 * (the page's load while that lasts, else none).
 */
export interface CurrentContext {
  readonly get: () => Context;
  /**
   * Sets the context at the entry of a task: nothing of an earlier task can run any more.
   *
   * @param counts whether the task is work of its action, so that the action lasts at least as long
   */
  enter(context: Context, counts?: boolean): void;
  /** Says that a task of unknown cause begins: nothing of an earlier task can run any more. */
  leave(): void;
  /** Sets the context from a microtask or nested in a task, where work of another context may be waiting. */
  resume(context: Context, counts?: boolean): void;
  /** Runs a function with a context, and puts back what was there. */
  readonly runWith: <T>(context: Context, run: () => T) => T;
  /**
   * Whether two contexts have been set since the page was last known to be idle, so that either may be the cause; or that
   * was so where the current context comes from.
   */
  readonly isUnsure: () => boolean;
  /** What is current, or was in the task that ended last where its cause was known: for what browsers tell behind a task. */
  readonly ended: () => Context;
  /** Sets what is current while no task with a known cause runs. */
  setBase(context: Context): void;
}

/** In a context that may be the wrong one, and so in all that follow from it. */
const UNSURE_KEY: symbol = Symbol('clickspan.unsure');

/** What it needs of its surroundings. */
export interface CurrentContextDeps {
  /** Makes a function that asks for a call as the next task. */
  readonly createTaskEnd: (run: () => void) => () => void;
  /** Calls back behind the microtasks that wait by now. */
  readonly afterMicrotasks: (run: () => void) => void;
  /** Told when a counting task and its microtasks are over. */
  readonly onTaskEnd: (context: Context) => void;
}

/**
 * The current action is a variable. It is set when a task begins, stays through the task's microtasks, which is where
 * native `await` goes on, and is cleared by a message that runs as a task of its own (design 3.2).
 */
export function createCurrentContext({
  createTaskEnd,
  afterMicrotasks,
  onTaskEnd,
}: CurrentContextDeps): CurrentContext {
  let current: Context | undefined;
  /** What was current when the last task ended. */
  let last: Context | undefined;
  let base = ROOT_CONTEXT;
  /** The context that was set before in what may be the same task: what waits among its microtasks may be its work. */
  let armed: Context | undefined;
  let unsure = false;
  let counting: Context | undefined;
  let isClearPosted = false;

  const postClear = createTaskEnd(() => {
    const ended = counting;
    last = current;
    current = armed = counting = undefined;
    isClearPosted = unsure = false;
    if (ended) onTaskEnd(ended);
  });

  const set = (context: Context, counts: boolean | undefined): void => {
    current = unsure ? toUnsure(context) : context;
    // "None" may stay until the next task with a cause, so it is worth no task of its own.
    if (context === ROOT_CONTEXT) return;
    armed = context;
    if (counts) counting = context;
    if (isClearPosted) return;
    isClearPosted = true;
    postClear();
  };

  return {
    get: () => current ?? base,
    enter(context, counts) {
      unsure = false;
      armed = undefined;
      set(context, counts);
    },
    leave() {
      unsure = false;
      current = armed = last = undefined;
    },
    resume(context, counts) {
      if (armed && !isSameTrace(armed, context)) unsure = true;
      if (context === ROOT_CONTEXT) {
        // What the browser has settled in the same task reacts before this microtask runs.
        armed = context;
        afterMicrotasks(() => {
          if (armed === ROOT_CONTEXT) armed = undefined;
        });
      }
      set(context, counts);
    },
    runWith(context, run) {
      const before = current;
      current = context;
      try {
        return run();
      } finally {
        current = before;
      }
    },
    isUnsure: () => unsure || isMarkedUnsure(current),
    ended: () => current ?? last ?? base,
    setBase: (context) => {
      base = context;
    },
  };
}

/** "None" is not marked: the wrong cause is never taken for it, and what polls would stay marked for ever. */
function toUnsure(context: Context): Context {
  return context === ROOT_CONTEXT || isMarkedUnsure(context) ? context : context.setValue(UNSURE_KEY, true);
}

function isMarkedUnsure(context: Context | undefined): boolean {
  return context?.getValue(UNSURE_KEY) === true;
}

function isSameTrace(a: Context, b: Context): boolean {
  return a === b || spanOf(a)?.spanContext().traceId === spanOf(b)?.spanContext().traceId;
}
