import { expect, it } from 'vitest';
import { until } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';
import { useTestStage } from '../support/testStage.ts';

const here = useTestStage();

const API = new URL('../../node_modules/@opentelemetry/api/build/src/index.js', import.meta.url).pathname;
// The agent draws random bytes for many ids at a time: here it has done so in INIT, for a span of the function's own.
const SOURCE = `
  import api from ${JSON.stringify(API)};
  const tracer = api.trace.getTracer('own');
  const image = tracer.startSpan('in INIT').spanContext().spanId;
  export const handler = async () => {
    tracer.startSpan('inside').end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return image;
  };
`;

it('gives ids of their own to two environments that are restored from one snapshot', async () => {
  const environment = { CLICKSPAN_OPENTELEMETRY: 'early' };
  const config = { name: 'f', source: SOURCE, snapStart: true, environment };
  const stage = await here.start([withLayer(config, here.collector.url)]);
  const { emulator } = stage;
  const results = await Promise.all([emulator.invoke('f', {}), emulator.invoke('f', {})]);
  // They are twins: the id that was drawn in INIT is the same in both.
  expect(new Set(results.map(({ payload }) => payload)).size).toBe(1);
  expect(stage.environments()).toHaveLength(2);
  await until('both are told', () => here.collector.spans.filter(isInvocation()).length === 2);
  const spans = here.collector.spans;
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  const invocations = spans.filter(isInvocation());
  expect(new Set(invocations.map(({ traceId }) => traceId)).size).toBe(2);
});
