/** Where a function writes. */
export type StreamName = 'stdout' | 'stderr';

/** What a function's output is told to. Nothing here may throw. */
export interface OutputObserver {
  /**
   * A method of `console` has written something.
   *
   * @param method its name
   * @param text what was written, whole: with what the runtime client puts before it
   * @param args what it was called with
   */
  readonly logged: (method: string, text: unknown, args: readonly unknown[]) => void;
  /** Something else has written to a stream. */
  readonly wrote: (stream: StreamName, chunk: unknown) => void;
}

/** The methods that the runtime client replaces; all others of `console` end in one of them or in a stream. */
const METHODS = ['trace', 'debug', 'log', 'info', 'warn', 'error', 'fatal'] as const;

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What is observed. */
export interface OutputTargets {
  readonly console: object;
  readonly process: object;
  readonly fs: object;
}

interface Stream {
  write: unknown;
}

/** A call of a method of `console` that is under way, and what it has written. */
interface Call {
  text: unknown;
}

/**
 * Observes what is written by `console`, `process.stdout` and `process.stderr`. All of it is written as without: first the
 * original is called, and what it returns or throws is handed on.
 *
 * The runtime client's `console` writes to a stream or, on AWS, to a file descriptor of its own, where nobody else can see it.
 * So `writeSync` is replaced while one of its methods runs, and no longer: what is written there has been formatted once
 * already, and no getter of the function's is run a second time.
 */
export function observeOutput(observer: OutputObserver, targets: OutputTargets): void {
  const fs = targets.fs as { writeSync: unknown };
  let call: Call | undefined;

  const observeConsole = (name: string, method: Method): Method =>
    new Proxy(method, {
      apply(target, self: unknown, args: unknown[]): unknown {
        const outer = call;
        const own: Call = { text: undefined };
        call = own;
        const writeSync = fs.writeSync as Method;
        const observed: Method = function (...written) {
          const result = Reflect.apply(writeSync, this, written);
          if (call) call.text = written[1];
          return result;
        };
        fs.writeSync = observed;
        try {
          return Reflect.apply(target, self, args);
        } finally {
          call = outer;
          if (fs.writeSync === observed) fs.writeSync = writeSync;
          if (own.text !== undefined) observer.logged(name, own.text, args);
        }
      },
    });
  // `console.log` and `console.info` may be one function, and are so afterwards.
  const observed = new Map<unknown, Method>();
  const methods = targets.console as Record<string, Method | undefined>;
  for (const name of METHODS) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    const known = observed.get(method) ?? observeConsole(name, method);
    observed.set(method, known);
    methods[name] = known;
  }

  const observeStream = (name: StreamName, stream: Stream): void => {
    stream.write = new Proxy(stream.write as Method, {
      apply(target, self: unknown, args: unknown[]): unknown {
        const result = Reflect.apply(target, self, args);
        if (call) call.text = args[0];
        else observer.wrote(name, args[0]);
        return result;
      },
    });
  };
  for (const name of ['stdout', 'stderr'] as const)
    whenUsed(targets.process, name, (stream) => observeStream(name, stream));
}

/** Calls back when a stream is used for the first time: to open it costs a cold start, and on AWS most functions never do. */
function whenUsed(process: object, name: StreamName, use: (stream: Stream) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);
  const { get } = (descriptor ?? {}) as { readonly get?: (this: unknown) => Stream };
  if (!get) return use((process as Record<StreamName, Stream>)[name]);
  Object.defineProperty(process, name, {
    ...descriptor,
    get(this: unknown): Stream {
      Object.defineProperty(process, name, descriptor!);
      const stream = Reflect.apply(get, this, []);
      use(stream);
      return stream;
    },
  });
}
