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
