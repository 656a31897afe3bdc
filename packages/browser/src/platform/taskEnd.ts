/**
 * Makes a function that asks for a call as the next task: after the microtasks of the current one, before what the page
 * posts later. A message is the one such task that no nested timer clamps and no background tab slows down.
 *
 * @param run what to call
 */
export function createTaskEnd(run: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = run;
  return () => port2.postMessage(0);
}
