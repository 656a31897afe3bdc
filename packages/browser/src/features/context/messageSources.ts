import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { Listen } from '../../platform/listen.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/** What following messages needs. */
export interface MessageDeps {
  readonly window: Window & typeof globalThis;
  readonly current: CurrentContext;
  readonly listen: Listen;
}

/** More than this wait only at a port whose other end has been sent away. */
const MAX_WAITING = 999;

/**
 * Follows messages between the two ports of a channel in this page: each is received with the context in which it was
 * posted. Messages from elsewhere have no cause that could be known; who awaits an answer goes on with its own.
 *
 * @returns undo it
 */
export function observeMessages({ window, current, listen }: MessageDeps): (() => void)[] {
  const { MessagePort } = window;
  /** By port, what its other end has coming. */
  const waiting = new WeakMap<object, (() => void)[]>();
  return [
    patchMethod(window, 'MessageChannel', (create, _self, args) => {
      const channel = create(...args) as MessageChannel;
      const connect = (from: MessagePort, to: MessagePort): void => {
        const posted: (() => void)[] = [];
        waiting.set(from, posted);
        listen(to, 'message', () => {
          const enter = posted.shift();
          if (enter) enter();
          else current.enter(ROOT_CONTEXT);
        });
      };
      const { port1, port2 } = channel;
      connect(port1, port2);
      connect(port2, port1);
      return channel;
    }),
    patchMethod(MessagePort?.prototype, 'postMessage', (original, self, args) => {
      const result = Reflect.apply(original, self, args);
      const posted = waiting.get(self as object);
      if (posted && posted.push(current.later()) > MAX_WAITING) waiting.delete(self as object);
      return result;
    }),
  ];
}
