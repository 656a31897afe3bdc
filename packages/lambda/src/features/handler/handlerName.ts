/** The parts of `folder/file.export.nested`. */
export interface HandlerName {
  /** Folder below the task root, or an absolute one; empty for the task root itself. */
  readonly folder: string;
  /** File name without its extension. */
  readonly file: string;
  /** Path of the export, separated by dots. */
  readonly exportPath: string;
}

/**
 * Splits the name of a handler as the runtime client does.
 *
 * @param handler value of `_HANDLER`
 * @returns `undefined` for a name that the runtime client refuses or that is better left to it
 */
export function parseHandlerName(handler: string): HandlerName | undefined {
  if (handler.includes('..') || handler.endsWith('/')) return undefined;
  const slash = handler.lastIndexOf('/');
  const name = handler.slice(slash + 1);
  const dot = name.indexOf('.');
  // A folder of the same name as the file: the runtime client has its own reading of that.
  if (dot < 0 || handler.indexOf(name) !== slash + 1) return undefined;
  return {
    folder: slash < 0 ? '' : handler.slice(0, slash),
    file: name.slice(0, dot),
    exportPath: name.slice(dot + 1),
  };
}
