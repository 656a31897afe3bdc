import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, spanOf } from '@clickspan/shared/context';

/**
 * What caused the JavaScript that is running now. It never guesses: where the cause is not known, it is the base context
 * (the page's load while that lasts, else none).
 */
export interface CurrentContext {
  readonly get: () => Context;
  /**
   * The same, for something that will set it again by itself when it calls back.
   *
   * @param promise what the page gets for it, if it is one
   */
  readonly ask: (promise?: object) => Context;
  /**
   * Says that the page asks for a task or a microtask of its own. Schedulers do so for all that want something until then,
   * and do in one what waits for the other.
   *
   * @returns sets the context of now when it comes, unsure if another has been set meanwhile
   */
  later(isMicrotask?: boolean): () => void;
  /** What was asked for since the code that runs now was called. */
  readonly asked: () => Asked | undefined;
  /** Another number when what ran with a context has ended since. */
  readonly task: () => number;
  /**
   * Sets the context for the one reaction of a promise that comes next, and for that surely.
   *
   * @returns call it behind that reaction. Where work of another context may be waiting, that is current again, and it is
   *   unsure if the reaction may go on unseen: `isLast`, and it has asked for nothing.
   */
  switchTo(context: Context): (isLast: boolean) => void;
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
  /** Puts off what may set the base until the context is first asked for or set, or `settle` is called. */
  beforeUse(run: () => void): void;
  /** Does what was put off. */
  readonly settle: () => void;
}

/** What sets the context by itself when it calls back, and what has been seen to wait since it was asked for. */
export interface Asked {
  /** The promises that the page has got for it, or a stand-in. */
  readonly promises: Set<unknown>;
  /** Whether something waits that may wait for these. */
  isAwaited?: boolean;
  /** What `Promise.all` and its like wait for next, and for how many they wait. */
  joining?: unknown;
  joined: number;
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
  let asked: Asked | undefined;
  /** Changes whenever the context is set. */
  let version = 0;
  let task = 0;
  /** The last context that was set, and how often another was. */
  let lastSet: Context | undefined;
  let changes = 0;
  let putOff: (() => void) | undefined;
  /** What has asked for a task of its own that is still to come, and whether others have asked for something since. */
  let queued: Context | undefined;
  let isQueueMixed = false;

  const postClear = createTaskEnd(() => {
    const ended = counting;
    last = current;
    current = armed = counting = undefined;
    isClearPosted = unsure = false;
    asked = undefined;
    version++;
    task++;
    if (ended) onTaskEnd(ended);
  });

  const settle = (): void => {
    const run = putOff;
    putOff = undefined;
    run?.();
  };

  const get = (): Context => {
    if (putOff) settle();
    return current ?? base;
  };

  const set = (context: Context, counts?: boolean): void => {
    if (putOff) settle();
    version++;
    asked = undefined;
    current = unsure ? toUnsure(context) : context;
    // "None" may stay until the next task with a cause, so it is worth no task of its own.
    if (context === ROOT_CONTEXT) return;
    if (isOther(lastSet, context)) changes++;
    lastSet = context;
    armed = context;
    if (counts) counting = context;
    if (isClearPosted) return;
    isClearPosted = true;
    postClear();
  };

  const resume = (context: Context, counts?: boolean): void => {
    if (isOther(armed, context)) unsure = true;
    if (context === ROOT_CONTEXT) {
      // What the browser has settled in the same task reacts before this microtask runs.
      armed = context;
      afterMicrotasks(() => {
        if (armed === ROOT_CONTEXT) armed = undefined;
      });
    }
    set(context, counts);
  };

  return {
    get,
    ask(promise = {}) {
      if (!asked) {
        const mine: Asked = { promises: new Set(), joined: 0 };
        asked = mine;
        // A promise that a reaction returns is seen only behind that reaction.
        afterMicrotasks(() =>
          afterMicrotasks(() => {
            if (asked === mine) asked = undefined;
          }),
        );
      }
      asked.promises.add(promise);
      return get();
    },
    asked: () => asked,
    task: () => task,
    later(isMicrotask) {
      const context = get();
      const before = changes;
      // "None" is never marked itself, so what it asks for is.
      const wasUnsure = unsure;
      if (isOther(queued, context) || (wasUnsure && !isMicrotask)) isQueueMixed = true;
      if (!isMicrotask) queued ??= context;
      return () => {
        if (isMicrotask) {
          if (wasUnsure || changes !== before || isQueueMixed || isOther(queued, context)) unsure = true;
          resume(context);
        } else {
          unsure = isQueueMixed;
          isQueueMixed = false;
          queued = armed = undefined;
          set(context);
        }
      };
    },
    switchTo(context) {
      const owner = armed;
      const before = current;
      const wasUnsure = unsure;
      unsure = false;
      set(context, true);
      const isNested = isOther(owner, context);
      if (!isNested && !wasUnsure) return () => {};
      if (isNested) armed = owner;
      const mine = version;
      return (isLast) => {
        if (version !== mine) return;
        unsure = wasUnsure || (isNested && isLast && !asked);
        if (isNested) current = before;
        if (unsure && current) current = toUnsure(current);
      };
    },
    enter(context, counts) {
      unsure = false;
      armed = undefined;
      set(context, counts);
    },
    leave() {
      settle();
      version++;
      unsure = false;
      asked = undefined;
      current = armed = last = undefined;
    },
    resume,
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
    ended() {
      get();
      return current ?? last ?? base;
    },
    setBase: (context) => {
      base = context;
    },
    beforeUse(run) {
      putOff = run;
    },
    settle,
  };
}

/** "None" is not marked: the wrong cause is never taken for it, and what polls would stay marked for ever. */
function toUnsure(context: Context): Context {
  return context === ROOT_CONTEXT || isMarkedUnsure(context) ? context : context.setValue(UNSURE_KEY, true);
}

function isMarkedUnsure(context: Context | undefined): boolean {
  return context?.getValue(UNSURE_KEY) === true;
}

function isOther(a: Context | undefined, b: Context): boolean {
  return a !== undefined && a !== b && spanOf(a)?.spanContext().traceId !== spanOf(b)?.spanContext().traceId;
}
