import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTrigger } from './parseTrigger.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-03`;
const PARENT = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 3, isRemote: true };

const httpEvent = (change: object = {}): Record<string, unknown> => ({
  version: '2.0',
  routeKey: 'GET /pets/{petId}',
  rawPath: '/pets/7',
  rawQueryString: 'a=1&X-Amz-Signature=secret',
  headers: { traceparent: TRACEPARENT, 'x-forwarded-proto': 'https', host: 'api.example' },
  requestContext: {
    domainName: 'api.example',
    http: { method: 'GET', path: '/pets/7', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
  },
  ...change,
});

describe('an HTTP event of format 2.0', () => {
  it('is named by its route and continues the caller', () => {
    expect(parseTrigger(httpEvent())).toEqual({
      name: 'GET /pets/{petId}',
      kind: 1,
      parent: PARENT,
      answersHttp: true,
      attributes: {
        'faas.trigger': 'http',
        'http.request.method': 'GET',
        'http.route': '/pets/{petId}',
        'url.path': '/pets/7',
        'url.query': 'a=1&X-Amz-Signature=REDACTED',
        'url.scheme': 'https',
        'server.address': 'api.example',
        'client.address': '192.0.2.1',
        'user_agent.original': 'test',
        'network.protocol.version': '1.1',
      },
    });
  });

  it('of a Function URL has no route, and is named by its method', () => {
    const trigger = parseTrigger(httpEvent({ routeKey: '$default' }));
    expect(trigger.name).toBe('GET');
    expect(trigger.attributes['http.route']).toBeUndefined();
  });

  it.each([
    ['two that the gateway joined', `${TRACEPARENT},${TRACEPARENT}`],
    ['an upper-case one', TRACEPARENT.toUpperCase()],
    ['one of version ff', TRACEPARENT.replace(/^00/, 'ff')],
    ['one without a trace', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
  ])('begins a new trace with %s', (_, traceparent) => {
    expect(parseTrigger(httpEvent({ headers: { traceparent } })).parent).toBeUndefined();
  });

  it('with an unknown method lets nobody make names', () => {
    const requestContext = { http: { method: 'EVIL-123' } };
    expect(parseTrigger(httpEvent({ requestContext, routeKey: undefined })).name).toBe('_OTHER');
  });
});

const sqsRecord = (change: object = {}): object => ({
  messageId: 'm-1',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
  body: '{}',
  attributes: {},
  messageAttributes: { traceparent: { stringValue: TRACEPARENT, dataType: 'String' } },
  ...change,
});
const XRAY = `Root=1-${TRACE_ID.slice(0, 8)}-${TRACE_ID.slice(8)};Parent=${SPAN_ID};Sampled=1`;

describe('an event of SQS', () => {
  it('with one message continues its sender', () => {
    const trigger = parseTrigger({ Records: [sqsRecord()] });
    expect(trigger).toMatchObject({ name: 'orders process', kind: 4, parent: PARENT, links: [] });
    expect(trigger.attributes).toMatchObject({
      'faas.trigger': 'pubsub',
      'messaging.system': 'aws_sqs',
      'messaging.destination.name': 'orders',
      'messaging.message.id': 'm-1',
      'messaging.batch.message_count': 1,
    });
  });

  it('with several messages links to each sender that is known', () => {
    const other = { traceparent: { stringValue: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } };
    const Records = [
      sqsRecord(),
      sqsRecord({ messageAttributes: {} }),
      sqsRecord({ messageAttributes: other }),
    ];
    const trigger = parseTrigger({ Records });
    expect(trigger.parent).toBeUndefined();
    expect(trigger.links?.map(({ context }) => context.traceId)).toEqual([TRACE_ID, 'a'.repeat(32)]);
    expect(trigger.attributes['messaging.message.id']).toBeUndefined();
  });

  it('takes the attribute that SQS carries where the sender wrote none, or a bad one', () => {
    const attributes = { AWSTraceHeader: XRAY };
    for (const messageAttributes of [{}, { traceparent: { stringValue: 'nonsense' } }])
      expect(parseTrigger({ Records: [sqsRecord({ messageAttributes, attributes })] }).parent).toMatchObject({
        traceId: TRACE_ID,
        spanId: SPAN_ID,
      });
  });

  it('takes the message attribute first', () => {
    const attributes = { AWSTraceHeader: XRAY.replace(SPAN_ID, 'c'.repeat(16)) };
    expect(parseTrigger({ Records: [sqsRecord({ attributes })] }).parent?.spanId).toBe(SPAN_ID);
  });
});

describe('any other event', () => {
  it('is of an unknown trigger', () => {
    for (const event of [
      null,
      undefined,
      0,
      'text',
      [],
      {},
      { Records: [] },
      { Records: [null] },
      { version: '2.0' },
    ])
      expect(parseTrigger(event)).toEqual({ kind: 1, attributes: { 'faas.trigger': 'other' } });
  });

  it('never makes it throw, also when it resembles one that is known', () => {
    const odd = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.anything(),
        fc.record({
          version: fc.constantFrom('2.0', 2),
          routeKey: fc.anything(),
          headers: fc.anything(),
          rawQueryString: fc.anything(),
          requestContext: fc.record({ http: fc.record({ method: fc.anything(), protocol: fc.anything() }) }),
        }),
        fc.record({
          Records: fc.array(
            fc.record({
              eventSource: fc.constant('aws:sqs'),
              eventSourceARN: fc.anything(),
              messageAttributes: tie('value'),
            }),
          ),
        }),
      ),
    })).value;
    fc.assert(fc.property(odd, (event) => void parseTrigger(event)));
  });
});
