import { toBareObject } from './bareObject.ts';

/** Who is told how the process ends. Nothing here may throw. */
export interface ProcessEndObserver {
  /** Nobody has caught an error, or handled a rejection; the process may end because of it, or not. */
  readonly uncaught: (error: unknown) => void;
  /** The process ends now; only what is done at once is done. */
  readonly exit: (code: number) => void;
  /** Nothing is left to do, and the runtime client (before version 4) has answered in place of a handler that has not. */
  readonly idle: () => void;
}

/** Under this name, clients before version 4 keep what they do when nothing is left to do. */
const CLIENT_LISTENER: symbol = Symbol.for('aws.lambda.beforeExit');

/** Whether the runtime client of this process is older than version 4: such call back, and load CommonJS by `require`. */
export function isClientBefore4(): boolean {
  return CLIENT_LISTENER in globalThis;
}

/**
 * Observes how the process ends, without a listener: listeners can be seen, counted and removed by the function, and some
 * change what Node does. What `process.emit` does and returns stays the same.
 *
 * A process that is killed, or out of memory, tells nobody.
 */
export function observeProcessEnd({ uncaught, exit, idle }: ProcessEndObserver): void {
  const original: unknown = Reflect.get(process, 'emit');
  const handlers: Readonly<Record<string, (detail: unknown) => void>> = {
    uncaughtExceptionMonitor: uncaught,
    unhandledRejection: uncaught,
    exit: (code) => exit(Number(code)),
  };
  const emit = function (this: NodeJS.Process, event: unknown, ...details: unknown[]): boolean {
    // First, since a listener may end the process at once.
    if (typeof event === 'string' && Object.hasOwn(handlers, event)) handlers[event]!(details[0]);
    const heard = Reflect.apply(original as () => boolean, this, [event, ...details]);
    if (event === 'beforeExit' && isClientBefore4()) idle();
    return heard;
  };
  Object.defineProperty(process, 'emit', toBareObject({ value: emit, writable: true, configurable: true }));
}
