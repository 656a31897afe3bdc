/** Anything that can be called. */
export type Callable = (this: unknown, ...args: unknown[]) => unknown;

/**
 * What runs instead of a method: it must call `original` exactly once and hand on what that returns or throws.
 */
export type Replacement = (original: Callable, self: unknown, args: unknown[]) => unknown;

/**
 * Replaces a method, or what makes objects, by one that looks the same: a proxy keeps `length`, `name`, own properties and what `toString` says.
 *
 * @param owner the object that has the method
 * @param name its name; when there is no such method, or it cannot be replaced, nothing happens
 * @returns undoes it; when someone else has replaced the method since, ours stays below theirs and only passes on
 */
export function patchMethod(owner: object | undefined, name: string, replacement: Replacement): () => void {
  return patch(owner, name, (isActive) => ({
    apply: (target, self, args) =>
      isActive() ? replacement(target, self, args) : Reflect.apply(target, self, args),
    construct(target, args, newTarget) {
      const create: Callable = (...given) => Reflect.construct(target, given, newTarget);
      return (isActive() ? replacement(create, undefined, args) : create(...args)) as object;
    },
  }));
}

/**
 * Replaces a class by one that looks the same and has the same prototype, whose `constructor` it becomes.
 *
 * @param owner the object that has the class
 * @param name its name; when there is no such class, nothing happens
 * @param onNew told of each new object, also of classes that extend this one; must not throw
 * @returns undoes it
 */
export function patchConstructor(owner: object, name: string, onNew: (created: object) => void): () => void {
  const classes = owner as Record<string, Callable & { prototype?: object }>;
  const original = classes[name];
  const undo = patch(owner, name, (isActive) => ({
    construct(target, args, newTarget) {
      const created = Reflect.construct(target, args, newTarget) as object;
      if (isActive()) onNew(created);
      return created;
    },
  }));
  const { prototype } = original ?? {};
  if (prototype) Reflect.set(prototype, 'constructor', classes[name]);
  return () => {
    undo();
    if (prototype) Reflect.set(prototype, 'constructor', classes[name]);
  };
}

function patch(
  owner: object | undefined,
  name: string,
  toHandler: (isActive: () => boolean) => ProxyHandler<Callable>,
): () => void {
  const methods = owner as Record<string, Callable> | undefined;
  const original = methods?.[name];
  if (!methods || typeof original !== 'function') return () => {};
  let active = true;
  const patched: Callable = new Proxy(original, {
    ...toHandler(() => active),
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
