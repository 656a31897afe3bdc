import { subscribe } from 'node:diagnostics_channel';
import type { Guard } from './guard.ts';

/** Observes one channel of Node's diagnostics; a fault of the observer stays with it. */
export type ObserveChannel = (name: string, handle: (message: never) => void) => void;

/** Makes an observer of channels whose faults go through a guard. */
export function createObserveChannel(guard: Guard): ObserveChannel {
  return (name, handle) => {
    subscribe(name, (message) => {
      guard(() => handle(message as never));
    });
  };
}

/**
 * Makes a function that does something when it is called for the first time: to observe a channel costs a cold start 10 µs,
 * so those that tell how something went on are observed when something has begun.
 */
export function createOnce(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
