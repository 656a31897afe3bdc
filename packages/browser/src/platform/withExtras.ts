/** What others have put onto a promise, such as a `cancel()`, is put onto the one in its place. */
export function withExtras<T extends object>(derived: T, promise: object): T {
  for (const key of Reflect.ownKeys(promise)) {
    if (!(key in derived)) Reflect.set(derived, key, Reflect.get(promise, key));
  }
  return derived;
}
