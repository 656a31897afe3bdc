/** `clickspan/metrics.cjs`, which the layer loads once the first response has left, where metrics are wanted. */
export { startMetrics } from '../boot/startMetrics.ts';
