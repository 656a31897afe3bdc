import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ReceivedSpan } from './collector.ts';
import type { StageFunction } from './lambdaFixture.ts';

/** The packed layer, as users attach it. */
export const LAYER_ZIP: string = fileURLToPath(
  new URL('../../packages/lambda/dist/layer.zip', import.meta.url),
);
if (!existsSync(LAYER_ZIP)) throw new Error(`${LAYER_ZIP} is not there: npm run build`);

/**
 * A function with the layer, as a user configures it.
 *
 * @param endpoint the collector; `undefined` where there is none
 */
export function withLayer(config: StageFunction, endpoint: string | undefined): StageFunction {
  return {
    ...config,
    layers: [...(config.layers ?? []), LAYER_ZIP],
    environment: (places) => ({
      NODE_OPTIONS: '--require /opt/clickspan/preload.cjs',
      ...(endpoint !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }),
      ...(typeof config.environment === 'function' ? config.environment(places) : config.environment),
    }),
  };
}

/** Whether a span is an invocation's, of one request or of any. */
export function isInvocation(requestId?: string): (span: ReceivedSpan) => boolean {
  return ({ attributes }) =>
    attributes['clickspan.span.type'] === 'invocation' &&
    (requestId === undefined || attributes['faas.invocation_id'] === requestId);
}

/** Whether a span is of a type. */
export function isType(type: string): (span: ReceivedSpan) => boolean {
  return ({ attributes }) => attributes['clickspan.span.type'] === type;
}
