/** What the preload hands to the shim: both are loaded on their own, in the same process. */
export interface Preloaded {
  /** Value that `_HANDLER` had. */
  readonly handler: string;
}

export const PRELOADED: symbol = Symbol.for('clickspan.preload');
