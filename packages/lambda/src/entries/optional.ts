/**
 * `clickspan/optional.cjs`: what few functions want. The layer loads it before the function's code where logs are wanted, and
 * once the first response has left where metrics are.
 */
export { startLogs } from '../boot/startLogs.ts';
export { startMetrics } from '../boot/startMetrics.ts';
