import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createSilentSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { createCurrentContext, type CurrentContext } from './currentContext.ts';

function contextOf(digit: string): Context {
  return withSpan(
    ROOT_CONTEXT,
    createSilentSpan({ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 }),
  );
}

const A = contextOf('a');
const B = contextOf('b');

function create(): {
  current: CurrentContext;
  nextTask: () => void;
  posted: () => number;
  ended: Context[];
} {
  let posted: (() => void)[] = [];
  const ended: Context[] = [];
  const current = createCurrentContext({
    createTaskEnd: (run) => () => void posted.push(run),
    afterMicrotasks: (run) => queueMicrotask(run),
    onTaskEnd: (context) => ended.push(context),
  });
  const nextTask = (): void => {
    const due = posted;
    posted = [];
    for (const run of due) run();
  };
  return { current, nextTask, posted: () => posted.length, ended };
}

describe('the current context', () => {
  it('is none at first, and again after the task', () => {
    const { current, nextTask } = create();
    expect(current.get()).toBe(ROOT_CONTEXT);
    current.enter(A);
    expect(current.get()).toBe(A);
    nextTask();
    expect(current.get()).toBe(ROOT_CONTEXT);
  });

  it.each([
    ['asked for', (current: CurrentContext) => void current.get()],
    ['asked for by what will call back', (current: CurrentContext) => void current.ask()],
    ['asked for by a task', (current: CurrentContext) => void current.later()],
    ['asked for behind a task', (current: CurrentContext) => void current.ended()],
    ['set by a task', (current: CurrentContext) => current.enter(ROOT_CONTEXT)],
    ['set by a reaction', (current: CurrentContext) => current.resume(A)],
    ['left', (current: CurrentContext) => current.leave()],
  ])('does what was put off once, when it is first %s', (_how, use) => {
    const { current } = create();
    let count = 0;
    current.beforeUse(() => {
      count++;
      current.setBase(B);
      // What it does may use the context itself.
      expect(current.get()).toBe(B);
    });
    use(current);
    use(current);
    expect(count).toBe(1);
  });

  it('is that of the task that began last', () => {
    const { current } = create();
    current.enter(A);
    current.enter(B);
    expect(current.get()).toBe(B);
    current.enter(ROOT_CONTEXT);
    expect(current.get()).toBe(ROOT_CONTEXT);
    expect(current.isUnsure()).toBe(false);
  });

  it('is unsure when a second cause comes before the page was idle, until it is', () => {
    const { current, nextTask } = create();
    current.resume(A);
    current.resume(A);
    expect(current.isUnsure()).toBe(false);
    current.resume(B);
    expect(current.isUnsure()).toBe(true);
    nextTask();
    current.resume(B);
    expect(current.isUnsure()).toBe(false);
  });

  it('stays unsure in what follows from an unsure task, for as long as there is a cause', () => {
    const { current, nextTask } = create();
    current.resume(A);
    current.resume(B);
    const asked = current.get();
    nextTask();
    current.enter(asked);
    expect(current.isUnsure()).toBe(true);
    current.enter(B);
    expect(current.isUnsure()).toBe(false);

    current.resume(ROOT_CONTEXT);
    expect(current.isUnsure()).toBe(true);
    current.enter(current.get());
    expect(current.isUnsure()).toBe(false);
  });

  it('is what it is without a cause when a task of unknown cause begins', () => {
    const { current } = create();
    current.setBase(A);
    current.resume(B);
    current.leave();
    expect(current.get()).toBe(A);
    current.resume(A);
    expect(current.isUnsure()).toBe(false);
  });

  it('counts none as a cause that may be mixed up with what settles in the same task', async () => {
    const { current } = create();
    current.resume(ROOT_CONTEXT);
    current.resume(A);
    expect(current.isUnsure()).toBe(true);
    current.enter(ROOT_CONTEXT);
    current.resume(ROOT_CONTEXT);
    await new Promise((done) => setImmediate(done));
    current.resume(B);
    expect(current.isUnsure()).toBe(false);
  });

  it('asks for no task of its own when there is no cause', () => {
    const { current, posted } = create();
    current.enter(ROOT_CONTEXT, true);
    current.resume(ROOT_CONTEXT, true);
    expect(posted()).toBe(0);
  });

  it('is sure again when a task begins', () => {
    const { current } = create();
    current.resume(A);
    current.resume(B);
    current.enter(A);
    expect(current.isUnsure()).toBe(false);
  });

  it('falls back to the base where no cause is known, but not where it is known to be none', () => {
    const { current, nextTask } = create();
    current.setBase(A);
    expect(current.get()).toBe(A);
    current.enter(ROOT_CONTEXT);
    expect(current.get()).toBe(ROOT_CONTEXT);
    current.enter(B);
    nextTask();
    expect(current.get()).toBe(A);
  });

  it('is put back after a call with another, also when that throws', () => {
    const { current } = create();
    current.enter(A);
    expect(current.runWith(B, () => current.get())).toBe(B);
    expect(() =>
      current.runWith(B, () => {
        throw new RangeError('own');
      }),
    ).toThrow(RangeError);
    expect(current.get()).toBe(A);
  });

  it('is for one reaction that of who awaits, then again that of the task', () => {
    const { current } = create();
    current.resume(A);
    const over = current.switchTo(B);
    expect(current.get()).toBe(B);
    expect(current.isUnsure()).toBe(false);
    over(false);
    expect(current.get()).toBe(A);
    expect(current.isUnsure()).toBe(false);
  });

  it('is unsure behind a reaction that may go on unseen', () => {
    const { current } = create();
    current.resume(A);
    current.switchTo(B)(true);
    expect(current.isUnsure()).toBe(true);
  });

  it('stays unsure behind a reaction of its own', () => {
    const { current } = create();
    current.resume(A);
    current.switchTo(B)(true);
    current.switchTo(A)(true);
    expect(current.isUnsure()).toBe(true);
  });

  it('is not taken back from what was set since', () => {
    const { current } = create();
    current.resume(A);
    const over = current.switchTo(B);
    current.enter(B);
    over(true);
    expect(current.get()).toBe(B);
    expect(current.isUnsure()).toBe(false);
  });

  it('is unsure in a task of a scheduler that another has asked for something since', () => {
    const { current, nextTask } = create();
    current.enter(A);
    const first = current.later();
    nextTask();
    first();
    expect([current.get(), current.isUnsure()]).toEqual([A, false]);
    const second = current.later();
    current.enter(B);
    current.later(true);
    second();
    expect(current.isUnsure()).toBe(true);
  });

  it('is unsure in a microtask that may do what waits for the task of another', () => {
    const { current } = create();
    current.enter(A);
    current.later();
    current.enter(B);
    current.later(true)();
    expect(current.isUnsure()).toBe(true);
  });

  it('tells the end of tasks that count, once', () => {
    const { current, nextTask, ended } = create();
    current.enter(A);
    nextTask();
    current.enter(A, true);
    current.resume(A, true);
    nextTask();
    nextTask();
    expect(ended).toEqual([A]);
  });
});
