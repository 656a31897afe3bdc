/** An error as plain data: what it was when it was logged. */
export interface ErrorSnapshot {
  readonly name: unknown;
  readonly message: unknown;
  readonly stack: unknown;
  readonly cause: unknown;
}

/** Node's `util.types`, as far as it is used. */
export interface NativeTypes {
  readonly isNativeError: (value: unknown) => boolean;
  readonly isProxy: (value: unknown) => boolean;
}

/** As many causes as are told. */
const MAX_CAUSES = 5;

/** `stack` is an accessor of the engine's own, the same for every error. */
const STACK = Object.getOwnPropertyDescriptor(new Error(), 'stack');

/**
 * Copies the first error among the arguments of a call, with its causes. Nothing of the function's runs: proxies are passed
 * over, and of accessors only the engine's own is called.
 */
export function toErrorSnapshot(
  args: readonly unknown[],
  { isNativeError, isProxy }: NativeTypes,
): ErrorSnapshot | undefined {
  const read = (error: unknown, key: string): unknown => {
    for (let owner = error; owner && !isProxy(owner); owner = Object.getPrototypeOf(owner)) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key);
      if (descriptor)
        return descriptor.get && descriptor.get === STACK?.get ? STACK.get.call(error) : descriptor.value;
    }
    return undefined;
  };
  const copy = (error: unknown, left: number): ErrorSnapshot | undefined =>
    left > 0 && isNativeError(error)
      ? {
          name: read(error, 'name'),
          message: read(error, 'message'),
          stack: read(error, 'stack'),
          cause: copy(read(error, 'cause'), left - 1),
        }
      : undefined;
  return copy(args.find(isNativeError), MAX_CAUSES);
}
