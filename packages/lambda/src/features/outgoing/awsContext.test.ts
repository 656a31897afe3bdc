import fc from 'fast-check';
import { createTraceState } from '@clickspan/shared/tracestate';
import { describe, expect, it } from 'vitest';
import { addAwsContext } from './awsContext.ts';
import type { CarrierOptions } from './awsContext.ts';

const CONTEXT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 };
const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-03`;
const XRAY = `Root=1-${'a'.repeat(8)}-${'a'.repeat(24)};Parent=${'b'.repeat(16)};Clickspan=03`;
const RECORDED = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

function add<I extends object>(call: string, input: I, options: Partial<CarrierOptions> = {}): I {
  deepFreeze(input);
  return addAwsContext(call, input, CONTEXT, {
    xrayHeader: undefined,
    contextInPayload: [],
    ...options,
  }) as I;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
}

const decode = (text: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(text ?? '', 'base64').toString()) as Record<string, unknown>;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

describe('SNS', () => {
  it('messages to a topic get attributes', () => {
    const input = { TopicArn: 'arn:aws:sns:eu-west-1:1:news', Message: 'm' };
    expect(add('SNS.Publish', input)).toHaveProperty(
      'MessageAttributes.traceparent.StringValue',
      TRACEPARENT,
    );
    const batch = { TopicArn: input.TopicArn, PublishBatchRequestEntries: [{ Id: '1', Message: 'm' }] };
    expect(add('SNS.PublishBatch', batch)).toHaveProperty(
      'PublishBatchRequestEntries.0.MessageAttributes.traceparent.StringValue',
      TRACEPARENT,
    );
  });

  it.each([
    { PhoneNumber: '+491', Message: 'm' },
    { TargetArn: 'arn:aws:sns:eu-west-1:1:endpoint/APNS/app/1', Message: 'm' },
  ])('messages to a telephone stay as they are', (input) => expect(add('SNS.Publish', input)).toBe(input));
});

describe('EventBridge', () => {
  const entry = { Source: 's', DetailType: 't', Detail: '{ "a": 1.0 }' };

  it('events get the trace header, and keep their detail', () => {
    expect(add('EventBridge.PutEvents', { Entries: [entry] }).Entries).toEqual([
      { ...entry, TraceHeader: XRAY },
    ]);
  });

  it('leaves headers of one’s own, and those that X-Ray records', () => {
    const own = { Entries: [{ ...entry, TraceHeader: 'Root=1-mine' }] };
    expect(add('EventBridge.PutEvents', own)).toBe(own);
    const input = { Entries: [entry] };
    expect(add('EventBridge.PutEvents', input, { xrayHeader: RECORDED })).toBe(input);
  });

  const inDetail = (Detail: string): string | undefined =>
    add('EventBridge.PutEvents', { Entries: [{ ...entry, Detail }] }, { contextInPayload: ['eventbridge'] })
      .Entries[0]?.Detail;

  it('writes into the detail where that is asked for, and changes nothing else of it', () => {
    expect(inDetail('{ "a": 1.0 }')).toBe(`{ "traceparent":"${TRACEPARENT}","a": 1.0 }`);
    expect(inDetail('{}')).toBe(`{"traceparent":"${TRACEPARENT}"}`);
    for (const detail of ['{"traceparent":"mine"}', '[1]', '"text"', 'nonsense', ''])
      expect(inDetail(detail)).toBe(detail);
  });

  it('never makes a request larger than the service takes', () => {
    const detail = `{"a":"${'x'.repeat(262_144 - 40)}"}`;
    expect(inDetail(detail)).toBe(detail);
  });

  it('writes JSON that says the same and the context', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, undefined, spaced ? 2 : 0);
        const written = inDetail(text) ?? '';
        expect(() => JSON.parse(written) as unknown).not.toThrow();
        if (text.includes('"traceparent"')) expect(written).toBe(text);
        else expect(written.replace(/"traceparent":"[^"]*",?/, '')).toBe(text);
        expect(written).toContain('"traceparent":');
      }),
    );
  });
});

describe('Lambda', () => {
  it('invocations get a client context', () => {
    const { ClientContext } = add('Lambda.Invoke', { FunctionName: 'f' } as { ClientContext?: string });
    expect(decode(ClientContext)).toEqual({ custom: { traceparent: TRACEPARENT } });
  });

  it('keeps what a client context holds', () => {
    const input = { ClientContext: encode({ client: { id: 1 }, custom: { mine: 'x' } }) };
    expect(decode(add('Lambda.Invoke', input).ClientContext)).toEqual({
      client: { id: 1 },
      custom: { mine: 'x', traceparent: TRACEPARENT },
    });
  });

  it.each([
    ['a context of its own', encode({ custom: { traceparent: 'mine' } })],
    ['no object', encode([1])],
    ['custom values that are none', encode({ custom: 'text' })],
    ['no JSON', 'AAAA'],
    ['no room', encode({ custom: { a: 'x'.repeat(2600) } })],
  ])('leaves a client context alone that has %s', (_, ClientContext) => {
    const input = { ClientContext };
    expect(add('Lambda.Invoke', input)).toBe(input);
  });

  it('says so too where all objects write themselves as JSON in another way', () => {
    const own = { custom: { list: [1] } };
    const given = encode(own);
    Object.assign(Object.prototype, { toJSON: () => 'mine' });
    const { ClientContext: context } = add('Lambda.Invoke', { ClientContext: given });
    Reflect.deleteProperty(Object.prototype, 'toJSON');
    expect(decode(context)).toEqual({ custom: { list: [1], traceparent: TRACEPARENT } });
  });

  it('that holds a number beyond those of JavaScript stays as it is', () => {
    const input = { ClientContext: Buffer.from('{"custom":{"id":12345678901234567890}}').toString('base64') };
    expect(add('Lambda.Invoke', input)).toBe(input);
  });

  it('never goes over the limit, and uses it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2700 }), (length) => {
        const input = { ClientContext: encode({ custom: { a: 'x'.repeat(length) } }) };
        const { ClientContext } = add('Lambda.Invoke', input);
        if (ClientContext !== input.ClientContext) expect(ClientContext.length).toBeLessThanOrEqual(3583);
        else expect(length).toBeGreaterThan(2590);
      }),
    );
  });
});

describe('Step Functions', () => {
  const input = { stateMachineArn: 'arn', input: '{"a":1}' };

  it('executions get the trace header', () => {
    expect(add('SFN.StartExecution', input)).toEqual({ ...input, traceHeader: XRAY });
    expect(add('SFN.StartSyncExecution', { ...input, traceHeader: 'mine' })).toHaveProperty(
      'traceHeader',
      'mine',
    );
  });

  it('writes into the input where that is asked for', () => {
    const options = { contextInPayload: ['stepfunctions'] };
    expect(add('SFN.StartExecution', input, options).input).toBe(`{"traceparent":"${TRACEPARENT}","a":1}`);
    expect(add('SFN.StartExecution', { stateMachineArn: 'arn' }, options)).toHaveProperty(
      'input',
      `{"traceparent":"${TRACEPARENT}"}`,
    );
    for (const own of ['[1]', '{"traceparent":"mine"}', `{"a":"${'x'.repeat(262_130)}"}`])
      expect(add('SFN.StartExecution', { input: own }, options).input).toBe(own);
  });
});

it('the input of an execution with a name stays, since the same is asked for again by it', () => {
  const input = { stateMachineArn: 'arn', name: 'order-7', input: '{"a":1}' };
  const options = { contextInPayload: ['stepfunctions'] };
  expect(add('SFN.StartExecution', input, options)).toEqual({ ...input, traceHeader: XRAY });
  // Of these, each call is an execution.
  expect(add('SFN.StartSyncExecution', input, options).input).toContain(TRACEPARENT);
});

describe('Kinesis', () => {
  const data = (text: string): Uint8Array => new TextEncoder().encode(text);
  const input = {
    Records: [
      { Data: data('{"a":1}'), PartitionKey: 'k' },
      { Data: data('text'), PartitionKey: 'k' },
    ],
  };

  it('records are nobody’s to change', () => expect(add('Kinesis.PutRecords', input)).toBe(input));

  it('writes into JSON objects where that is asked for', () => {
    const options = { contextInPayload: ['kinesis'] };
    const [first, second] = add('Kinesis.PutRecords', input, options).Records;
    expect(Buffer.from(first!.Data).toString()).toBe(`{"traceparent":"${TRACEPARENT}","a":1}`);
    expect(second).toBe(input.Records[1]);
    const one = { Data: data('{"a":1}'), PartitionKey: 'k' };
    expect(Buffer.from(add('Kinesis.PutRecord', one, options).Data).toString()).toContain(TRACEPARENT);
    for (const other of [new Uint8Array([0x7b, 0xff, 0x7d]), data('{not json}'), data('{"traceparent":1}')]) {
      const record = { Data: other, PartitionKey: 'k' };
      expect(add('Kinesis.PutRecord', record, options)).toBe(record);
    }
  });
});

it('a tracestate goes along', () => {
  const context = { ...CONTEXT, traceState: createTraceState([['v', '1']]) };
  const added = addAwsContext('Lambda.Invoke', {}, context, { xrayHeader: undefined, contextInPayload: [] });
  expect(decode((added as { ClientContext: string }).ClientContext)).toHaveProperty(
    'custom.tracestate',
    'v=1',
  );
});

it.each([null, undefined, 1, 'x', [], { Entries: 5 }, { Entries: [1] }])(
  'an input %j is nobody’s problem',
  (input) => {
    for (const call of [
      'SNS.Publish',
      'S3.GetObject',
      'Kinesis.PutRecords',
      'SFN.StartExecution',
      'Lambda.Invoke',
    ]) {
      const options = { xrayHeader: undefined, contextInPayload: ['kinesis', 'stepfunctions'] };
      expect(() => addAwsContext(call, input, CONTEXT, options)).not.toThrow();
    }
  },
);
