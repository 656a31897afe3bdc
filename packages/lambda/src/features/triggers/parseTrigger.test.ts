import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORDED_EVENTS, readRecordedEvent } from '../../../../../test/support/lambdaEvents.ts';
import { describeMessage } from './describeMessage.ts';
import { parseTrigger } from './parseTrigger.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-03`;
const XRAY = `Root=1-${TRACE_ID.slice(0, 8)}-${TRACE_ID.slice(8)};Parent=${SPAN_ID};Sampled=1`;
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
      fromOutside: true,
      answer: 'v2',
      attributes: {
        'faas.trigger': 'http',
        'clickspan.trigger': 'api-gateway-http',
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

  it('has the version of its protocol without a minor one where there is none', () => {
    for (const [protocol, version] of [
      ['HTTP/2.0', '2'],
      ['HTTP/1.0', '1.0'],
      ['WS', undefined],
    ]) {
      const requestContext = { http: { method: 'GET', protocol } };
      const { attributes } = parseTrigger(httpEvent({ requestContext }));
      expect(attributes['network.protocol.version']).toBe(version);
    }
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
    const { name, attributes } = parseTrigger(httpEvent({ requestContext, routeKey: undefined }));
    expect([name, attributes['http.request.method'], attributes['http.request.method_original']]).toEqual([
      'HTTP',
      '_OTHER',
      'EVIL-123',
    ]);
  });
});

describe.each(['apiGatewayRest', 'albMultiValue', 'webSocketConnect', 'authorizerRest'])(
  'an event with headers as the client wrote them (%s)',
  (name) => {
    const withHeaders = (headers: object, multiValueHeaders?: object): Record<string, unknown> => ({
      ...readRecordedEvent(name),
      headers,
      multiValueHeaders,
    });

    it('continues a trace whatever the case of its header', () => {
      const event = withHeaders({ TRACEPARENT }, { tRaCePaReNt: [TRACEPARENT], TraceState: ['a=1', 'b=2'] });
      const { parent } = parseTrigger(event);
      expect(parent).toMatchObject(PARENT);
      expect(parent?.traceState?.serialize()).toBe('a=1,b=2');
      expect(parseTrigger(withHeaders({ TraceParent: TRACEPARENT })).parent).toEqual(PARENT);
    });

    it.each([
      ['twice', { traceparent: [TRACEPARENT, TRACEPARENT] }],
      ['in two cases', { traceparent: [TRACEPARENT], Traceparent: [TRACEPARENT] }],
      ['joined', { traceparent: [`${TRACEPARENT},${TRACEPARENT}`] }],
    ])('begins a new trace where the header was sent %s, also where the last alone is told', (_, all) => {
      expect(parseTrigger(withHeaders({ traceparent: TRACEPARENT }, all)).parent).toBeUndefined();
    });

    it('reads the single headers where the lists are missing or empty', () => {
      for (const lists of [undefined, null, {}, { traceparent: [] }, { traceparent: null }, 'text'])
        expect(parseTrigger(withHeaders({ traceparent: TRACEPARENT }, lists as object)).parent).toEqual(
          PARENT,
        );
    });
  },
);

describe('the flags of a caller', () => {
  it('may have been written by anybody where they came over the Internet or in a payload, and nowhere else', () => {
    const outside = RECORDED_EVENTS.filter(
      ({ event, clientContext }) => parseTrigger(event, { clientContext }).fromOutside,
    ).map(({ name }) => name);
    expect(outside.sort()).toEqual([
      'alb',
      'albMultiValue',
      'apiGatewayHttp',
      'apiGatewayHttpFormat1',
      'apiGatewayRest',
      'appSync',
      'appSyncBatch',
      'authorizerAppSync',
      'authorizerHttp',
      'authorizerRest',
      'authorizerToken',
      'cognitoPostConfirmation',
      'cognitoPreTokenGeneration',
      'dynamoDb',
      'eventBridge',
      'functionUrl',
      'kinesis',
      'sqsEventBridge',
      'sqsSnsEnvelope',
      'stepFunctions',
      'stepFunctionsPayload',
      'webSocketConnect',
    ]);
  });
});

describe('a message in the envelopes of those who handed it on', () => {
  const event = { 'detail-type': 'OrderPlaced', detail: { traceparent: TRACEPARENT } };
  const notify = (Message: unknown, MessageAttributes: object = {}): object => ({
    Type: 'Notification',
    Message,
    MessageAttributes,
  });
  it.each([
    ['an event bus, then a topic', notify(JSON.stringify(event)), true],
    ['a topic twice', notify(JSON.stringify(notify(JSON.stringify(event)))), true],
    ['an event bus whose target puts the header back', { 'detail-type': 'a', 'trace-header': XRAY }, true],
    [
      'a topic, and a body of the sender that names another',
      notify(`{"traceparent":"${TRACEPARENT}"}`),
      false,
    ],
    ['nobody: its own body', { traceparent: TRACEPARENT }, false],
    ['nobody: its own body with a detail', { detail: { traceparent: TRACEPARENT } }, false],
  ])('continues its sender only where it is known to be one: by %s', (_, body, known) => {
    const message = sqsRecord({ messageAttributes: {}, body: JSON.stringify(body) });
    expect(parseTrigger({ Records: [message] }).parent?.spanId).toBe(known ? SPAN_ID : undefined);
    const data = Buffer.from(JSON.stringify(event)).toString('base64');
    expect(parseTrigger([{ eventSource: 'aws:kinesis', data }]).parent?.spanId).toBe(SPAN_ID);
  });
});

describe('the id of a message', () => {
  it.each([
    ['sqs', '059f36b4-87a3-44ab-83d2-661975520001'],
    ['kinesis', '49590338271490256608692578562561008571757365135402131450'],
    ['dynamoDb', '111'],
  ])('is the one by which the function gives it back: %s', (name, id) => {
    const [record] = readRecordedEvent(name)['Records'] as unknown[];
    expect(describeMessage(record).id).toBe(id);
  });

  it.each([
    ['sqs', 'process orders', 'pubsub'],
    ['sns', 'process placed', 'pubsub'],
    ['kinesis', 'process clicks', 'pubsub'],
    ['dynamoDb', 'process pets', 'datasource'],
    ['s3Put', 'process uploads', 'datasource'],
  ])('stands beside what the message is named by: %s', (name, spanName, trigger) => {
    const [record] = readRecordedEvent(name)['Records'] as unknown[];
    const described = describeMessage(record);
    expect([described.name, described.attributes['faas.trigger']]).toEqual([spanName, trigger]);
  });

  it('of Kafka is made of topic, partition and offset', () => {
    const [record] = (readRecordedEvent('msk')['records'] as Record<string, unknown[]>)['orders-0']!;
    expect(describeMessage(record).id).toBe('orders-0:15');
  });
});

describe('a header of a Kafka record', () => {
  const senderOf = (...headers: unknown[]): unknown =>
    describeMessage({ topic: 'orders', partition: 0, offset: 1, headers }).sender?.spanId;
  const bytes = (text: string): number[] => [...Buffer.from(text)];

  it('is read as bytes, and no longer than any that is meant', () => {
    expect(senderOf({ traceparent: bytes(TRACEPARENT) })).toBe(SPAN_ID);
    // A version to come may have more behind the flags.
    const later = `cc${TRACEPARENT.slice(2)}-`;
    expect(senderOf({ traceparent: bytes(later + 'x'.repeat(100)) })).toBe(SPAN_ID);
    expect(senderOf({ traceparent: bytes(later + 'x'.repeat(5000)) })).toBeUndefined();
  });

  it('counts for nothing where it was sent twice, or is no list of bytes', () => {
    const header = { traceparent: bytes(TRACEPARENT) };
    expect(senderOf(header, header)).toBeUndefined();
    for (const odd of [TRACEPARENT, [TRACEPARENT], null, {}])
      expect(senderOf({ traceparent: odd })).toBeUndefined();
  });
});

describe('an event of an authorizer', () => {
  it.each(['authorizerRest', 'authorizerHttp', 'authorizerToken', 'authorizerAppSync'])(
    'does not answer over HTTP, though it looks like the request: %s',
    (name) => {
      expect(parseTrigger(readRecordedEvent(name)).answer).toBeUndefined();
    },
  );
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

describe('an event of SQS', () => {
  it('with one message continues its sender', () => {
    const trigger = parseTrigger({ Records: [sqsRecord()] });
    expect(trigger).toMatchObject({ name: 'process orders', kind: 4, parent: PARENT, links: [] });
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

  it('never makes it throw where any part of a known event is anything else', () => {
    const hostile = fc.oneof(
      fc.constantFrom<unknown>(null, [], {}, '', 0, '__proto__', { ['__proto__']: { a: 1 } }, [
        'constructor',
      ]),
      fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 2 }),
    );
    const cases = fc.record({
      recorded: fc.constantFrom(...RECORDED_EVENTS),
      where: fc.nat(),
      value: hostile,
    });
    fc.assert(
      fc.property(cases, ({ recorded, where, value }) => {
        const event = structuredClone(recorded.event) as Record<string, unknown>;
        replaceAt(event, where, value);
        const { attributes, links = [] } = parseTrigger(event, { clientContext: value });
        for (const item of Object.values(attributes))
          expect(['string', 'number', 'undefined']).toContain(typeof item);
        expect(links.length).toBeLessThanOrEqual(128);
        const { Records } = event;
        if (Array.isArray(Records)) for (const record of Records) describeMessage(record);
      }),
      { numRuns: 3000 },
    );
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('of several megabytes is read no further than it must be', () => {
    const body = `{"traceparent":"${TRACEPARENT}","text":"${'x'.repeat(6_000_000)}"}`;
    const big = { ...readRecordedEvent('apiGatewayHttp'), rawQueryString: `sig=${'x'.repeat(6_000_000)}` };
    expect(parseTrigger(big).attributes['url.query']).toBe('sig=REDACTED');
    const Records = [sqsRecord({ messageAttributes: {}, body }), sqsRecord({ messageAttributes: {}, body })];
    expect(parseTrigger({ Records }).links).toEqual([]);
    const data = Buffer.from(body).toString('base64');
    expect(
      parseTrigger({ Records: [{ eventSource: 'aws:kinesis', kinesis: { data } }] }).parent,
    ).toBeUndefined();
  });

  it('continues a trace that it names itself', () => {
    const trigger = parseTrigger({ order: 7, traceparent: TRACEPARENT });
    // The event may be a stranger's from end to end.
    expect([trigger.parent, trigger.fromOutside]).toEqual([PARENT, true]);
  });

  it('lets the caller of Invoke name a trace only where the event names none', () => {
    const other = TRACEPARENT.replace(SPAN_ID, 'c'.repeat(16));
    const lambda = { clientContext: { custom: { traceparent: other } } };
    expect(parseTrigger({ Records: [sqsRecord()] }, lambda).parent?.spanId).toBe(SPAN_ID);
    expect(parseTrigger({ traceparent: TRACEPARENT }, lambda).parent?.spanId).toBe('c'.repeat(16));
  });
});

/** Puts a value in the place of the part of an object that a number picks. */
function replaceAt(root: Record<string, unknown>, where: number, value: unknown): void {
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const walk = (node: Record<string, unknown>): void => {
    for (const [key, child] of Object.entries(node)) {
      places.push([node, key]);
      if (typeof child === 'object' && child !== null) walk(child as Record<string, unknown>);
    }
  };
  walk(root);
  const [node, key] = places[where % places.length]!;
  node[key] = value;
}
