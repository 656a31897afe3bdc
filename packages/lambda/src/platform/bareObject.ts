/**
 * An object of these fields and nothing else: what the function's code has put onto the prototype of all objects, as some
 * libraries do, would otherwise be taken for a trap of a proxy, or for the getter of a property.
 */
export function toBareObject<T extends object>(fields: T): T {
  return Object.assign(Object.create(null) as T, fields);
}
