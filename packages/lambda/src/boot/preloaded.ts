/**
 * Carries the value that `_HANDLER` had from the preload to the shim. A variable, since the process that the preload took
 * for the runtime may be one that starts it: then the shim is loaded by its child.
 */
export const ORIGINAL_HANDLER = 'CLICKSPAN_HANDLER';
