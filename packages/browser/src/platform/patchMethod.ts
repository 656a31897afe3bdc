/** Anything that can be called. */
export type Callable = (this: unknown, ...args: unknown[]) => unknown;

/**
 * What runs instead of a method: it must call `original` exactly once and hand on what that returns or throws.
 */
export type Replacement = (original: Callable, self: unknown, args: unknown[]) => unknown;

/**
 * Replaces a method, or a class, by one that looks the same: a proxy keeps `length`, `name`, own properties and what
 * `toString` says. `original` of a class makes an object, also one of a class that extends it.
 *
 * @param owner the object that has the method, or inherits it: it is replaced where it is
 * @param name its name; when there is no such method, or it cannot be replaced, nothing happens
 * @returns undoes it; when someone else has replaced the method since, ours stays below theirs and only passes on
 */
export function patchMethod(owner: object | undefined, name: string, replacement: Replacement): () => void {
  let methods = owner as Record<string, Callable & { prototype?: object }> | null | undefined;
  while (methods && !Object.hasOwn(methods, name)) methods = Object.getPrototypeOf(methods) as typeof methods;
  const original = methods?.[name];
  if (!methods || typeof original !== 'function') return () => {};
  const holder = methods;
  let replace = replacement;
  const patched: Callable = new Proxy(original, {
    apply: (target, self, args) => replace(target, self, args),
    construct: (target, args, newTarget) =>
      replace((...given) => Reflect.construct(target, given, newTarget) as object, undefined, args) as object,
    get: (target, key) => (key === 'toString' ? toString : Reflect.get(target, key)),
  });
  /** The text of the original for ours, which would be nameless; for any other function its own. */
  function toString(this: unknown): string {
    return Function.prototype.toString.call(this === patched ? original : this);
  }
  const swap = (from: typeof original, to: Callable): void => {
    try {
      holder[name] = to;
      if (from.prototype?.constructor === from) from.prototype.constructor = to;
    } catch {
      // The page has frozen the object: it wants no one to touch it.
    }
  };
  swap(original, patched);
  return () => {
    replace = Reflect.apply;
    if (holder[name] === patched) swap(patched, original);
  };
}
