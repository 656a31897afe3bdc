/** A part of a path that names one thing among many: it has a digit, is an address, or is too long to be a word. */
const VARIABLE = /[\d@]|^.{33,}$/;

/**
 * Makes a path fit to be part of a name: what differs from thing to thing becomes `{id}`.
 *
 * @param path the path of an address, without query
 */
export function toPathName(path: string): string {
  return path
    .split('/')
    .map((part) => (VARIABLE.test(part) ? '{id}' : part))
    .join('/');
}
