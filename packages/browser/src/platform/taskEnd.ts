/** The part of the Prioritized Task Scheduling API that is used; not every browser has it. */
interface WithScheduler {
  readonly scheduler?: {
    postTask?: (run: () => void, options: { readonly priority: 'user-blocking' }) => Promise<void>;
  };
}

/**
 * Makes a function that asks for a call as the next task: after the microtasks of the current one, before what the page
 * asks for later.
 *
 * @param window without a scheduler, a message does it: no nesting clamps it and no background tab slows it down
 * @param run what to call; must not throw
 */
export function createTaskEnd(window: Window, run: () => void): () => void {
  const { scheduler } = window as WithScheduler;
  if (scheduler?.postTask) {
    const options = { priority: 'user-blocking' } as const;
    const { postTask } = scheduler;
    return () => void postTask.call(scheduler, run, options);
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = run;
  return () => port2.postMessage(0);
}

/**
 * Calls back behind the microtasks that wait by now. By `await`, which never leaves the engine, as calling
 * `queueMicrotask` does.
 *
 * @param run must not throw
 */
export async function afterMicrotasks(run: () => void): Promise<void> {
  // oxlint-disable-next-line typescript/await-thenable -- what is awaited does not matter
  await undefined;
  run();
}
