import type { ObserveChannel } from '../../platform/channel.ts';

/** How long a module took to load, with all that it loads itself. Times are Unix ms. */
export interface ModuleLoad {
  readonly name: string;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
}

/** What Node tells of a module; the same object when it begins and ends. */
interface ModuleMessage {
  /** Of `require`. */
  readonly id?: unknown;
  /** Of `import()`. */
  readonly url?: unknown;
}

/** What observing imports needs. */
export interface ImportsEnvironment {
  readonly observe: ObserveChannel;
  /** Unix ms with fractions. */
  readonly now: () => number;
  /** Names of files below it are told from there. */
  readonly taskRoot: string;
}

/** Shorter ones are no reason for a slow start. */
const MIN_MS = 1;
/** Of more modules, the others are not looked at. */
const MAX_MODULES = 10_000;

/**
 * Observes how long modules take to load, by Node's own channels: `require` and `import()`, and CommonJS that an ES module
 * imports. Of ES modules that import each other in their first lines, Node tells nothing.
 *
 * @returns the slowest so far, the slowest first; from then on nothing is observed
 */
export function observeImports({
  observe,
  now,
  taskRoot,
}: ImportsEnvironment): (count: number) => ModuleLoad[] {
  const starts = new WeakMap<object, number>();
  const loads: ModuleLoad[] = [];
  let over = false;
  const begin = (message: ModuleMessage): void => {
    if (!over && loads.length < MAX_MODULES) starts.set(message, now());
  };
  const end = (message: ModuleMessage): void => {
    const startUnixMs = starts.get(message);
    const endUnixMs = now();
    if (over || startUnixMs === undefined || endUnixMs - startUnixMs < MIN_MS) return;
    loads.push({ name: toName(message.id ?? message.url, taskRoot), startUnixMs, endUnixMs });
  };
  observe('tracing:module.require:start', begin);
  observe('tracing:module.require:end', end);
  observe('tracing:module.import:start', begin);
  observe('tracing:module.import:asyncEnd', end);
  return (count) => {
    over = true;
    const lengthOf = ({ startUnixMs, endUnixMs }: ModuleLoad): number => endUnixMs - startUnixMs;
    return loads.sort((a, b) => lengthOf(b) - lengthOf(a)).slice(0, count);
  };
}

function toName(id: unknown, taskRoot: string): string {
  const path = String(id).replace(/^file:\/\//, '');
  return `import ${taskRoot && path.startsWith(`${taskRoot}/`) ? path.slice(taskRoot.length + 1) : path}`;
}
