import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmulator } from '@clickspan/emulator';
import type { Emulator } from '@clickspan/emulator';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import {
  EVENT_SPAN_ID,
  EVENT_TRACE_ID,
  RECORDED_EVENTS,
  readRecordedEvent,
} from '../support/lambdaEvents.ts';
import { runtimeClientsToTest, startStage, writeCode } from '../support/lambdaFixture.ts';
import type { Code, Stage } from '../support/lambdaFixture.ts';
import { LAYER_ZIP, isInvocation, isType, withLayer } from '../support/layer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const XRAY_TRACE_ID = '5759e988bd862e3fe1be46a994272793';
const XRAY_SPAN_ID = '53995c3f42cd8ad8';
const XRAY = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8';
const SERVER = 2;
const CONSUMER = 5;

let collector: FakeCollector;

const RUNTIMES = (['nodejs24.x', 'nodejs22.x'] as const).flatMap((runtime) =>
  runtimeClientsToTest(runtime).map((runtimeClient) => ({ runtime, runtimeClient })),
);

describe.each(RUNTIMES)(
  'the layer in a function ($runtime, $runtimeClient)',
  ({ runtime, runtimeClient }) => {
    let stage: Stage;
    beforeAll(async () => {
      collector = await startFakeCollector();
      // Answers with what it is told to, and else as an authorizer does.
      const source = `
      export const handler = async (event) => event.answer ?? { isAuthorized: true };
      export const streaming = awslambda.streamifyResponse(async (event, stream) => {
        const response = event.head ? awslambda.HttpResponseStream.from(stream, event.head) : stream;
        response.write('streamed');
        response.end();
        await response.finished?.();
      });`;
      stage = await startStage(
        [
          withLayer({ name: 'recorded', runtime, source, timeoutMs: 10_000 }, collector.url),
          withLayer(
            { name: 'streaming', runtime, source, handler: 'index.streaming', timeoutMs: 10_000 },
            collector.url,
          ),
          withLayer(
            { name: 'xrayParent', runtime, source, environment: { CLICKSPAN_XRAY: 'parent' } },
            collector.url,
          ),
          withLayer(
            { name: 'xrayOff', runtime, source, environment: { CLICKSPAN_XRAY: 'off' } },
            collector.url,
          ),
        ],
        { runtimeClient },
      );
    });
    afterAll(async () => {
      await stage.stop();
      await collector.stop();
    });

    it.each(RECORDED_EVENTS.map((recorded) => [recorded.name, recorded] as const))(
      'knows an event as AWS documents it: %s',
      async (_, { event, clientContext, expected }) => {
        const { requestId } = await stage.emulator.invoke('recorded', event, { clientContext });
        const span = await collector.waitForSpan(isInvocation(requestId));
        expect([span.name, span.kind]).toEqual([
          expected.name ?? 'recorded',
          expected.kind === 'server' ? SERVER : CONSUMER,
        ]);
        if (expected.continues)
          expect([span.traceId, span.parentSpanId]).toEqual([EVENT_TRACE_ID, EVENT_SPAN_ID]);
        else {
          expect(span.parentSpanId).toBe('');
          expect(span.traceId).not.toBe(EVENT_TRACE_ID);
        }
        expect(span.links.map(({ traceId }) => traceId)).toEqual(expected.links);
        for (const [name, value] of Object.entries(expected.attributes))
          expect([name, span.attributes[name]]).toEqual([name, value]);
      },
    );

    it.each(['authorizerRest', 'authorizerHttp', 'authorizerToken', 'authorizerAppSync', 'appSync', 'sqs'])(
      'adds nothing to a result that is no response: %s',
      async (name) => {
        const { payload } = await stage.emulator.invoke('recorded', readRecordedEvent(name));
        expect(payload).toEqual({ isAuthorized: true });
      },
    );

    describe.each(['apiGatewayRest', 'apiGatewayHttp', 'functionUrl', 'alb', 'albMultiValue'])(
      'answering %s',
      (name) => {
        const answer = async (
          result: object,
        ): Promise<{ payload: Record<string, Record<string, unknown>>; requestId: string }> => {
          const event = { ...readRecordedEvent(name), answer: result };
          const { payload, requestId } = await stage.emulator.invoke('recorded', event);
          return { payload: payload as Record<string, Record<string, unknown>>, requestId };
        };
        const place = name === 'albMultiValue' ? 'multiValueHeaders' : 'headers';
        const wrap = (value: string): unknown => (place === 'headers' ? value : [value]);

        it('tells the caller the trace, beside the headers of the function', async () => {
          const result = { statusCode: 200, [place]: { 'X-Own': wrap('1') }, body: 'b' };
          const { payload, requestId } = await answer(result);
          const span = await collector.waitForSpan(isInvocation(requestId));
          const { 'server-timing': timing, ...others } = payload[place]!;
          expect({ ...payload, [place]: others }).toEqual(result);
          expect(String(timing)).toContain(`traceparent;desc="00-${EVENT_TRACE_ID}-${span.spanId}-03"`);
          expect(Array.isArray(timing)).toBe(place === 'multiValueHeaders');
        });

        it.each([
          [200, 0, undefined],
          [404, 0, undefined],
          [503, 2, '503'],
        ])('has the status of a server: %d', async (statusCode, code, errorType) => {
          const { requestId } = await answer({ statusCode, body: 'b' });
          const span = await collector.waitForSpan(isInvocation(requestId));
          expect([span.status.code, span.attributes['http.response.status_code']]).toEqual([
            code,
            statusCode,
          ]);
          expect(span.attributes['error.type']).toBe(errorType);
        });
      },
    );

    it('adds nothing to the answer of a WebSocket, and takes its status', async () => {
      const result = { statusCode: 500 };
      const event = { ...readRecordedEvent('webSocketConnect'), answer: result };
      const { payload, requestId } = await stage.emulator.invoke('recorded', event);
      expect(payload).toEqual(result);
      expect((await collector.waitForSpan(isInvocation(requestId))).status.code).toBe(2);
    });

    it('tells the caller of a streamed response the trace in its head', async () => {
      const event = {
        ...readRecordedEvent('functionUrl'),
        head: { statusCode: 503, headers: { 'X-Own': '1' } },
      };
      const { payload, requestId } = await stage.emulator.invoke('streaming', event);
      const span = await collector.waitForSpan(isInvocation(requestId));
      const [head, body] = String(payload).split('\0'.repeat(8));
      const { statusCode, headers } = JSON.parse(head!) as {
        statusCode: number;
        headers: Record<string, string>;
      };
      expect([statusCode, headers['X-Own'], body]).toEqual([503, '1', 'streamed']);
      expect(headers['server-timing']).toContain(`traceparent;desc="00-${EVENT_TRACE_ID}-${span.spanId}-03"`);
      expect([span.attributes['http.response.status_code'], span.status.code]).toEqual([503, 2]);
    });

    it('leaves a stream without a head as it is', async () => {
      const { payload, requestId } = await stage.emulator.invoke(
        'streaming',
        readRecordedEvent('functionUrl'),
      );
      expect(payload).toBe('streamed');
      const span = await collector.waitForSpan(isInvocation(requestId));
      expect(span.attributes['http.response.status_code']).toBe(200);
    });

    it('links to what X-Ray records, and never makes it the parent', async () => {
      const invoke = async (name: string, sampled: string, event: unknown = {}): Promise<string> => {
        const traceHeader = `${XRAY};Sampled=${sampled}`;
        return (await stage.emulator.invoke(name, event, { traceHeader })).requestId;
      };
      const link = { traceId: XRAY_TRACE_ID, spanId: XRAY_SPAN_ID };
      const linked = await collector.waitForSpan(isInvocation(await invoke('recorded', '1')));
      expect([linked.parentSpanId, linked.links]).toEqual(['', [link]]);
      const unsampled = await collector.waitForSpan(isInvocation(await invoke('recorded', '0')));
      expect([unsampled.parentSpanId, unsampled.links]).toEqual(['', []]);
      const sqs = readRecordedEvent('sqs');
      const both = await collector.waitForSpan(isInvocation(await invoke('recorded', '1', sqs)));
      expect([both.parentSpanId, both.links]).toEqual([EVENT_SPAN_ID, [link]]);
      const child = await collector.waitForSpan(isInvocation(await invoke('xrayParent', '1')));
      expect([child.traceId, child.parentSpanId, child.links]).toEqual([XRAY_TRACE_ID, XRAY_SPAN_ID, []]);
      const off = await collector.waitForSpan(isInvocation(await invoke('xrayOff', '1')));
      expect([off.parentSpanId, off.links]).toEqual(['', []]);
    });

    it('tells which messages the function gave back, and leaves its own status', async () => {
      const event = {
        ...readRecordedEvent('sqsBatch'),
        answer: { batchItemFailures: [{ itemIdentifier: '059f36b4-87a3-44ab-83d2-661975520002' }] },
      };
      const { payload, requestId } = await stage.emulator.invoke('recorded', event);
      expect(payload).toEqual(event.answer);
      const span = await collector.waitForSpan(isInvocation(requestId));
      expect([span.status.code, span.attributes['clickspan.batch.failures']]).toEqual([0, 1]);
      expect(span.events).toEqual([
        {
          name: 'clickspan.message_failed',
          attributes: { 'messaging.message.id': '059f36b4-87a3-44ab-83d2-661975520002' },
        },
      ]);
    });
  },
);

describe('traceMessage() from the npm module', () => {
  let emulator: Emulator | undefined;
  let code: Code | undefined;
  beforeEach(async () => {
    collector = await startFakeCollector();
  });
  afterEach(async () => {
    await emulator?.stop();
    await code?.remove();
    await collector.stop();
  });

  it.each([true, false])(
    'gives each message a span in its sender’s trace (with the layer: %s)',
    async (layer) => {
      const source = `
      import { ready, traceMessage, wrap } from '@clickspan/lambda';
      const handle = async (record: { messageId: string }) => {
        await fetch('http://127.0.0.1:2').catch(() => {});
        if (record.messageId.endsWith('3')) throw new RangeError('too much');
        return record.messageId;
      };
      const inner = async (event: { Records: { messageId: string }[] }) => {
        const settled = await Promise.allSettled(event.Records.map((record) => traceMessage(record, handle)));
        const failed = event.Records.filter((_, index) => settled[index]!.status === 'rejected');
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      };
      export const handler = ${layer ? 'inner' : 'wrap(inner)'};
      ${layer ? 'void wrap;' : ''}
      await ready();`;
      const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
        bundle: true,
        write: false,
        platform: 'node',
        format: 'esm',
        target: 'node24',
      });
      code = await writeCode('', { 'bundled.mjs': outputFiles[0]!.text });
      emulator = await startEmulator({
        functions: [
          {
            name: 'f',
            codeDir: code.codeDir,
            handler: 'bundled.handler',
            timeoutMs: 5000,
            layers: layer ? [LAYER_ZIP] : [],
            environment: {
              OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
              ...(layer && { NODE_OPTIONS: '--require /opt/clickspan/preload.cjs' }),
            },
          },
        ],
      });
      const { payload, requestId } = await emulator.invoke('f', readRecordedEvent('sqsBatch'));
      expect(payload).toEqual({
        batchItemFailures: [{ itemIdentifier: '059f36b4-87a3-44ab-83d2-661975520003' }],
      });
      const batch = await collector.waitForSpan(isInvocation(requestId));
      expect(batch.status.code).toBe(0);
      const messages = await collector.waitForSpans(3, isType('message'));
      const calls = collector.spans.filter(isType('call'));
      expect(messages.map(({ name, kind }) => [name, kind])).toEqual(
        Array.from({ length: 3 }, () => ['process orders', CONSUMER]),
      );
      const [first, second, third] = messages;
      const link = { traceId: batch.traceId, spanId: batch.spanId };
      expect([first!.traceId, first!.parentSpanId, first!.links]).toEqual([
        EVENT_TRACE_ID,
        EVENT_SPAN_ID,
        [link],
      ]);
      expect([second!.traceId, second!.parentSpanId, second!.links]).toEqual([
        batch.traceId,
        batch.spanId,
        [],
      ]);
      expect(messages.map(({ status }) => status.code)).toEqual([0, 0, 2]);
      expect(third!.attributes).toMatchObject({
        'error.type': 'RangeError',
        'messaging.message.id': '059f36b4-87a3-44ab-83d2-661975520003',
      });
      for (const { spanId } of messages)
        expect(calls.filter(({ parentSpanId }) => parentSpanId === spanId)).toHaveLength(1);
    },
  );
});
