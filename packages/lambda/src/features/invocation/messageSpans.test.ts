import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Span, SpanContext, Tracer } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { createActiveContext } from '../../platform/activeContext.ts';
import { createGuard } from '../../platform/guard.ts';
import { describeMessage } from '../triggers/describeMessage.ts';
import { createMessageSpans } from './messageSpans.ts';
import type { MessageSpans } from './messageSpans.ts';

const SENDER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const record = (messageId: string, traceId?: string): object => ({
  messageId,
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
  messageAttributes: traceId && { traceparent: { stringValue: `00-${traceId}-${SENDER.spanId}-01` } },
});

interface Stage {
  /** What was told of spans that were open. */
  readonly interrupted: EndedSpan[];
  readonly messages: MessageSpans;
  readonly invocation: Span;
  readonly tracer: Tracer;
  readonly ended: EndedSpan[];
  /** Runs as the handler does. */
  readonly inHandler: <T>(run: () => T) => T;
}

function start(follow = (sender: SpanContext, _fromOutside: boolean): SpanContext => sender): Stage {
  const ended: EndedSpan[] = [];
  const interrupted: EndedSpan[] = [];
  const contexts = createActiveContext();
  let unixMs = 1000;
  let id = 0;
  const tracer = createTracerProvider({
    clock: () => ++unixMs,
    ids: createIdSource((bytes) => bytes.fill(++id % 250)),
    activeContext: () => contexts.active(),
    runWith: contexts.run,
    describe: toExceptionAttributes,
    onEnd: (span) => ended.push(span),
  }).getTracer('test');
  const invocation = tracer.startSpan('process orders', {}, ROOT_CONTEXT);
  const environment = {
    tracer,
    contexts,
    now: () => ++unixMs,
    guard: createGuard(() => {}),
    follow,
    describeMessage,
    tellInterrupted: (span: EndedSpan) => interrupted.push(span),
  };
  return {
    messages: createMessageSpans(environment, invocation),
    invocation,
    tracer,
    ended,
    interrupted,
    inHandler: (run) => contexts.run(withSpan(ROOT_CONTEXT, invocation), run),
  };
}

describe('the span of a message', () => {
  it('is decided upon as what a stranger may have asked for where the payload says so', () => {
    const asked: boolean[] = [];
    const { messages, inHandler } = start((sender, fromOutside) => {
      asked.push(fromOutside);
      return sender;
    });
    const { messageAttributes: told, ...silent } = record('m-1', SENDER.traceId) as {
      messageAttributes: { traceparent: { stringValue: string } };
    };
    const fields = JSON.stringify({ traceparent: told.traceparent.stringValue });
    const records = [
      record('m-1', SENDER.traceId),
      { ...silent, body: JSON.stringify({ 'detail-type': 'x', detail: JSON.parse(fields) as unknown }) },
      { eventSource: 'aws:kinesis', kinesis: { data: Buffer.from(fields).toString('base64') } },
    ];
    for (const one of records) inHandler(() => messages.run(one, () => {}));
    expect(asked).toEqual([false, true, true]);
  });

  it('belongs to the trace of its sender, with a link to the invocation', () => {
    const { messages, invocation, ended, tracer, inHandler } = start();
    const result = inHandler(() =>
      messages.run(record('m-1', SENDER.traceId), (message) => {
        tracer.startSpan('work').end();
        return message;
      }),
    );
    expect(result).toEqual(record('m-1', SENDER.traceId));
    messages.settle([]);
    const [work, span] = ended;
    expect(span).toMatchObject({
      name: 'process orders',
      kind: 4,
      parentSpanId: SENDER.spanId,
      context: { traceId: SENDER.traceId },
      links: [{ context: invocation.spanContext() }],
      attributes: {
        'clickspan.span.type': 'message',
        'faas.trigger': 'pubsub',
        'messaging.system': 'aws_sqs',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'orders',
        'messaging.message.id': 'm-1',
      },
      status: { code: 0 },
    });
    expect(work).toMatchObject({ parentSpanId: span!.context.spanId });
  });

  it('belongs to the invocation where nobody is known to have sent it', () => {
    const { messages, invocation, ended, inHandler } = start();
    for (const odd of [record('m-1'), {}, null, 7]) inHandler(() => messages.run(odd, () => {}));
    messages.settle([]);
    expect(ended.map(({ name }) => name)).toEqual(['process orders', 'process', 'process', 'process']);
    for (const { parentSpanId, links } of ended)
      expect([parentSpanId, links]).toEqual([invocation.spanContext().spanId, []]);
  });

  it('is marked where the message was given back, and ends when its handling was over', async () => {
    const { messages, invocation, ended, inHandler } = start();
    await inHandler(async () => {
      await messages.run(record('m-1'), () => Promise.resolve());
      await messages.run(record('m-2'), () => Promise.resolve());
    });
    expect(ended).toEqual([]);
    messages.settle(['m-2', 'm-9', undefined]);
    invocation.end();
    const [first, second, batch] = ended;
    expect([first!.status.code, second!.status.code, batch!.status.code]).toEqual([0, 2, 0]);
    expect(second!.attributes['error.type']).toBe('batch_item_failure');
    expect(first!.endUnixMs).toBeLessThanOrEqual(second!.startUnixMs);
    // Those without a span of their own are told by the invocation's.
    expect(batch!.events.map(({ name, attributes }) => [name, attributes['messaging.message.id']])).toEqual([
      ['clickspan.message_failed', 'm-9'],
      ['clickspan.message_failed', undefined],
    ]);
  });

  it('does not keep from being told a message that was given back, and whose sender is not recorded', () => {
    const { messages, invocation, ended, inHandler } = start();
    const unsampled = record('m-1', SENDER.traceId);
    const { messageAttributes: attributes } = unsampled as {
      messageAttributes: { traceparent: { stringValue: string } };
    };
    attributes.traceparent.stringValue = attributes.traceparent.stringValue.replace(/01$/, '00');
    inHandler(() => messages.run(unsampled, () => {}));
    messages.settle(['m-1']);
    invocation.end();
    expect(ended.map(({ events }) => events.length)).toEqual([1]);
  });

  it('is marked with what the handling throws, which is thrown on', async () => {
    const { messages, ended, inHandler } = start();
    const error = new RangeError('too much');
    const fails = (): never => {
      throw error;
    };
    expect(() => inHandler(() => messages.run(record('m-1'), fails))).toThrow(error);
    await expect(inHandler(() => messages.run(record('m-2'), () => Promise.reject(error)))).rejects.toBe(
      error,
    );
    messages.settle(['m-1', 'm-2']);
    for (const { attributes, status, events } of ended) {
      expect([attributes['error.type'], status]).toEqual(['RangeError', { code: 2, message: 'too much' }]);
      expect(events).toMatchObject([{ name: 'exception' }]);
    }
    expect(ended).toHaveLength(2);
  });

  it('ends by itself when the invocation has ended before', async () => {
    const { messages, ended, inHandler } = start();
    let finish!: () => void;
    const late = inHandler(() =>
      messages.run(record('m-1'), () => new Promise<void>((resolve) => (finish = resolve))),
    );
    messages.settle(['m-1']);
    expect(ended).toEqual([]);
    finish();
    await late;
    expect(ended).toMatchObject([
      { status: { code: 2 }, attributes: { 'error.type': 'batch_item_failure' } },
    ]);
  });

  it('tells which message was being handled when the function was stopped', () => {
    const { messages, ended, inHandler } = start();
    inHandler(() => messages.run(record('m-1'), () => {}));
    void inHandler(() => messages.run(record('m-2'), () => new Promise(() => {})));
    messages.abandon('exit', 'Runtime.ExitError');
    messages.abandon('exit', 'Runtime.ExitError');
    expect(ended.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'Runtime.ExitError']);
  });

  it('tells which message is being handled when the deadline is near, and again how it ended', async () => {
    const { messages, ended, interrupted, inHandler } = start();
    inHandler(() => messages.run(record('m-1'), () => {}));
    const late = inHandler(() => messages.run(record('m-2'), () => Promise.resolve()));
    messages.tellInterrupted();
    expect(interrupted.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'timeout']);
    await late;
    messages.settle([]);
    expect(ended.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, undefined]);
    expect(ended.map(({ context }) => context.spanId)).toEqual(
      interrupted.map(({ context }) => context.spanId),
    );
  });

  it('changes nothing where the message cannot be read', () => {
    const { messages, ended } = start();
    const hostile = new Proxy({}, { get: () => expect.fail('hostile') });
    expect(messages.run(hostile, (message) => message === hostile)).toBe(true);
    messages.settle([]);
    expect(ended).toEqual([]);
  });

  it('hands on whatever the handling returns', () => {
    const { messages, inHandler } = start();
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hostile');
        },
      },
    );
    for (const value of [undefined, null, 7, hostile])
      expect(inHandler(() => messages.run(record('m'), () => value)) === value).toBe(true);
  });
});
