import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import { toScheduledEvent, toSchedulerEvent } from './busEvent.ts';
import type { BusEvent } from './busEvent.ts';
import { refuseRuleFaults, refuseScheduleFaults } from './eventsConfig.ts';
import { startEventsServer } from './eventsServer.ts';
import type { EventsServer } from './eventsServer.ts';
import { parseRate } from './rate.ts';
import { fillInContext, toTargetInput } from './targetInput.ts';

// Sources, in https://docs.aws.amazon.com/
// [put] eventbridge/latest/APIReference/API_PutEvents.html
// [failures] eventbridge/latest/userguide/eb-putevents.html
// [size] eventbridge/latest/userguide/eb-putevent-size.html
// [structure] eventbridge/latest/userguide/eb-events-structure.html
// [scheduled] eventbridge/latest/userguide/eb-run-lambda-schedule.html
// [rate] eventbridge/latest/userguide/eb-rate-expressions.html
// [scheduler] scheduler/latest/UserGuide/managing-schedule-context-attributes.html

const ACCOUNT = { region: 'eu-central-1', accountId: '123456789012' };
const NOON = Date.UTC(2026, 10, 23, 12, 0, 0, 500);
const ORIGIN = { id: 'id-1', account: ACCOUNT, nowUnixMs: NOON };

let server: EventsServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Bench {
  readonly got: [busName: string, event: BusEvent, traceHeader: string | undefined][];
  readonly put: (
    parameters: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; document: unknown }>;
}

async function bench(): Promise<Bench> {
  const got: [string, BusEvent, string | undefined][] = [];
  server = await startEventsServer({
    port: 0,
    account: ACCOUNT,
    clock: () => NOON,
    onEvent: (...event) => void got.push(event),
  });
  const { endpoint } = server;
  const put: Bench['put'] = async (parameters, headers = {}) => {
    const { status, body } = await sendHttp(`${endpoint}/`, {
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSEvents.PutEvents',
        ...headers,
      },
      body: JSON.stringify(parameters),
    });
    return { status, document: JSON.parse(body) as unknown };
  };
  return { got, put };
}

const ENTRY = { Source: 'shop', DetailType: 'Order Placed', Detail: '{"id":7}' };

describe('PutEvents', () => {
  it('makes an event of each entry [structure]', async () => {
    const { got, put } = await bench();
    const Entries = [
      { ...ENTRY, Resources: ['arn:1'], Time: 1_700_000_000 },
      { ...ENTRY, EventBusName: 'mine' },
    ];
    const { status, document } = await put({ Entries });
    expect([status, document]).toEqual([
      200,
      { FailedEntryCount: 0, Entries: [{ EventId: got[0]![1].id }, { EventId: got[1]![1].id }] },
    ]);
    expect(got.map(([busName, event]) => [busName, event])).toMatchObject([
      [
        'default',
        {
          version: '0',
          'detail-type': 'Order Placed',
          source: 'shop',
          account: '123456789012',
          time: '2023-11-14T22:13:20Z',
          region: 'eu-central-1',
          resources: ['arn:1'],
          detail: { id: 7 },
        },
      ],
      ['mine', { time: '2026-11-23T12:00:00Z', resources: [] }],
    ]);
  });

  it("takes a bus by its ARN, and the entry's trace header before the request's [put]", async () => {
    const { got, put } = await bench();
    const EventBusName = 'arn:aws:events:eu-central-1:123456789012:event-bus/mine';
    const Entries = [{ ...ENTRY, EventBusName, TraceHeader: 'Root=1-a-b' }, ENTRY];
    await put({ Entries }, { 'x-amzn-trace-id': 'Root=1-c-d' });
    expect(got.map(([busName, , traceHeader]) => [busName, traceHeader])).toEqual([
      ['mine', 'Root=1-a-b'],
      ['default', 'Root=1-c-d'],
    ]);
  });

  it.each([
    [{ ...ENTRY, Detail: '{' }, 'MalformedDetail', 'Detail is malformed.'],
    [
      { Source: 'shop', DetailType: 'x' },
      'InvalidArgument',
      'Parameter Detail is not valid. Reason: Detail is a required argument.',
    ],
    [{ ...ENTRY, Source: 'aws.s3' }, 'NotAuthorizedForSourceException', 'Not authorized for the source.'],
  ])('refuses the entry %j alone [failures]', async (faulty, ErrorCode, ErrorMessage) => {
    const { got, put } = await bench();
    const { status, document } = await put({ Entries: [faulty, ENTRY] });
    expect([status, got.length]).toEqual([200, 1]);
    expect(document).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode, ErrorMessage }, { EventId: got[0]![1].id }],
    });
  });

  it.each([
    ['ValidationException', {}],
    ['ValidationException', { Entries: [] }],
    ['ValidationException', { Entries: Array.from({ length: 11 }, () => ENTRY) }],
    [
      'ValidationException',
      { Entries: [{ ...ENTRY, Detail: JSON.stringify({ text: 'x'.repeat(262_144) }) }] },
    ],
    ['SerializationException', []],
  ])('answers %s to what is no request [size]', async (code, parameters) => {
    const { got, put } = await bench();
    const { status, document } = await put(parameters);
    expect([status, got]).toEqual([400, []]);
    expect(document).toMatchObject({ __type: code });
  });

  it.each([
    ['UnknownOperationException', { 'x-amz-target': 'AWSEvents.PutRule' }],
    ['UnknownOperationException', { 'x-amz-target': 'Other.PutEvents' }],
    ['SerializationException', { 'content-type': 'text/plain' }],
    ['AccessDeniedException', { origin: 'https://evil.example' }],
  ])('answers %s to %j', async (code, headers) => {
    const { got, put } = await bench();
    expect((await put({ Entries: [ENTRY] }, headers)).document).toMatchObject({ __type: code });
    expect(got).toEqual([]);
  });
});

describe('an event by the clock', () => {
  it('of a rule has an empty detail and the rule as its resource [scheduled]', () => {
    expect(toScheduledEvent('arn:rule', ORIGIN)).toEqual({
      version: '0',
      id: 'id-1',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '123456789012',
      time: '2026-11-23T12:00:00Z',
      region: 'eu-central-1',
      resources: ['arn:rule'],
      detail: {},
    });
  });

  it("of a schedule without an input has text as its detail and the schedule's source", () => {
    expect(toSchedulerEvent('arn:schedule', ORIGIN)).toMatchObject({
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      resources: ['arn:schedule'],
      detail: '{}',
    });
  });

  it('of a schedule has its keywords filled in [scheduler]', () => {
    const context = {
      scheduleArn: 'arn:schedule',
      scheduledTime: '2026-11-23T12:00:00Z',
      executionId: 'e-1',
    };
    const input = {
      arn: '<aws.scheduler.schedule-arn>',
      at: 'at <aws.scheduler.scheduled-time>',
      try: '<aws.scheduler.attempt-number>',
      other: '<aws.scheduler.else>',
    };
    expect(fillInContext(input, context)).toEqual({
      arn: 'arn:schedule',
      at: 'at 2026-11-23T12:00:00Z',
      try: '1',
      other: '<aws.scheduler.else>',
    });
    expect(fillInContext('<aws.scheduler.execution-id>', context)).toBe('e-1');
  });
});

it.each([
  [{}, { detail: { id: 7 } }],
  [{ input: 'mine' }, 'mine'],
  [{ inputPath: '$.detail' }, { id: 7 }],
  [{ inputPath: '$.detail.id' }, 7],
  [{ inputPath: '$.other.id' }, null],
])('a target with %j gets %j', (target, expected) => {
  expect(toTargetInput(target, { detail: { id: 7 } })).toEqual(expected);
});

it.each([
  ['rate(1 minute)', 60_000],
  ['rate(5 minutes)', 300_000],
  ['rate(2 hours)', 7_200_000],
  ['rate(1 day)', 86_400_000],
  ['rate(1 minutes)', undefined],
  ['rate(5 minute)', undefined],
  ['rate(0 minutes)', undefined],
  ['cron(0 12 * * ? *)', undefined],
])('%s is %s milliseconds [rate]', (expression, expected) => {
  expect(parseRate(expression)).toBe(expected);
});

describe('a configuration', () => {
  const rule = { name: 'r', eventPattern: { source: ['shop'] }, targets: [{ function: 'f' }] };
  it.each([
    [{ ...rule, eventPattern: undefined }, 'needs an eventPattern or a schedule'],
    [{ ...rule, eventPattern: { source: 'shop' } }, 'eventPattern: "source"'],
    [{ ...rule, schedule: 'every day' }, '"every day" is no schedule'],
    [{ ...rule, schedule: 'cron(0 12 * * * *)' }, '"cron(0 12 * * * *)" is no schedule'],
    [{ ...rule, schedule: 'at(2026-11-25T15:00:00)' }, 'is no schedule'],
    [{ ...rule, schedule: 'rate(1 day)', bus: 'mine' }, 'only rules of the default bus'],
    [{ ...rule, targets: [{}] }, 'one of function, queue and topic'],
    [{ ...rule, targets: [{ function: 'f', inputPath: 'detail' }] }, 'inputPath "detail"'],
  ])('of the rule %j is refused', (config, message) => {
    expect(() => refuseRuleFaults(config)).toThrow(message);
  });

  it.each([
    [{ name: 's', expression: 'soon', target: { function: 'f' } }, '"soon" is no schedule'],
    [{ name: 's', expression: 'at(tomorrow)', target: { function: 'f' } }, '"at(tomorrow)" is no schedule'],
    [{ name: 's', expression: 'rate(1 day)', target: {} }, 'one of function, queue and topic'],
  ])('of the schedule %j is refused', (config, message) => {
    expect(() => refuseScheduleFaults(config)).toThrow(message);
  });
});
