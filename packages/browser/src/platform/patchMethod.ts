/** Anything that can be called. */
export type Callable = (this: unknown, ...args: unknown[]) => unknown;

/**
 * What runs instead of a method: it must call `original` exactly once and hand on what that returns or throws.
 */
export type Replacement = (original: Callable, self: unknown, args: unknown[]) => unknown;

/**
 * Replaces a method by one that looks the same: a proxy keeps `length`, `name`, own properties and what `toString` says.
 *
 * @param owner the object that has the method
 * @param name its name; when there is no such method, or it cannot be replaced, nothing happens
 * @returns undoes it; when someone else has replaced the method since, ours stays below theirs and only passes on
 */
export function patchMethod(owner: object | undefined, name: string, replacement: Replacement): () => void {
  const methods = owner as Record<string, Callable> | undefined;
  const original = methods?.[name];
  if (!methods || typeof original !== 'function') return () => {};
  let active = true;
  const patched: Callable = new Proxy(original, {
    apply: (target, self, args) =>
      active ? replacement(target, self, args) : Reflect.apply(target, self, args),
    get: (target, key) => (key === 'toString' ? toString : Reflect.get(target, key)),
  });
  /** The text of the original for ours, which would be nameless; for any other function its own. */
  function toString(this: unknown): string {
    return Function.prototype.toString.call(this === patched ? original : this);
  }
  try {
    methods[name] = patched;
  } catch {
    // The page has frozen the object: it wants no one to touch it.
  }
  return () => {
    active = false;
    if (methods[name] === patched) methods[name] = original;
  };
}
