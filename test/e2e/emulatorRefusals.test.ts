import { expect, it } from 'vitest';
import type { EmulatorOptions } from '@clickspan/emulator';
import { startStage } from '../support/lambdaFixture.ts';

const FUNCTION = { name: 'f', source: 'export const handler = async () => null;' };
const topic = { name: 't' };
const stream = { name: 's', function: 'f' };
const table = { table: 'orders', function: 'f' };
const bucket = { name: 'uploads' };
const rule = { name: 'r', schedule: 'rate(1 day)', targets: [{ function: 'f' }] };
const FIFO = { queues: [{ name: 'q.fifo' }], topics: [{ name: 't.fifo' }] };
const restApi = { name: 'api', methods: [] };

it.each<[string, Omit<EmulatorOptions, 'functions'>]>([
  ['REST API api is configured twice', { restApis: [restApi, restApi] }],
  ['no function g', { restApis: [{ name: 'api', methods: [{ method: 'GET /', function: 'g' }] }] }],
  ['no function g', { loadBalancers: [{ name: 'lb', function: 'g' }] }],
  ['no function g', { webSocketApis: [{ name: 'ws', routes: [{ route: '$connect', function: 'g' }] }] }],
  ['no function g', { asyncInvokes: [{ function: 'g' }] }],
  ['there is no queue q', { asyncInvokes: [{ function: 'f', onFailure: 'q' }] }],
  ['topic t is configured twice', { topics: [topic, topic] }],
  ['there is no queue q', { topics: [{ ...topic, subscriptions: [{ queue: 'q' }] }] }],
  ['schedule r is configured twice', { eventRules: [rule, rule] }],
  ['there is no topic t', { eventRules: [{ ...rule, targets: [{ topic: 't' }] }] }],
  ['no function g', { schedules: [{ name: 's', expression: 'rate(1 day)', target: { function: 'g' } }] }],
  ['stream s is configured twice', { streams: [stream, stream] }],
  ['there is no queue q', { streams: [{ ...stream, onFailure: 'q' }] }],
  ['stream of table orders is configured twice', { tableStreams: [table, table] }],
  ['no function g', { tableStreams: [{ ...table, function: 'g' }] }],
  ['bucket uploads is configured twice', { buckets: [bucket, bucket] }],
  [
    'there is no topic t',
    { buckets: [{ ...bucket, notifications: [{ topic: 't', events: ['s3:ObjectCreated:*'] }] }] },
  ],
  // Services that cannot deliver to what is FIFO; the pages are named where they are refused (packages/emulator/src/boot).
  [
    'bucket uploads: q.fifo is FIFO, and cannot be delivered to',
    {
      ...FIFO,
      buckets: [{ ...bucket, notifications: [{ queue: 'q.fifo', events: ['s3:ObjectCreated:*'] }] }],
    },
  ],
  ['rule r: t.fifo is FIFO', { ...FIFO, eventRules: [{ ...rule, targets: [{ topic: 't.fifo' }] }] }],
  ['onFailure of a stream: q.fifo is FIFO', { ...FIFO, streams: [{ ...stream, onFailure: 'q.fifo' }] }],
  ['invocations of f: q.fifo is FIFO', { ...FIFO, asyncInvokes: [{ function: 'f', onFailure: 'q.fifo' }] }],
  // What would mean nothing, or is out of bounds.
  ['batchSize means nothing without a function', { queues: [{ name: 'q', batchSize: 5 }] }],
  [
    'contentBasedDeduplication means nothing for a standard queue',
    { queues: [{ name: 'q', contentBasedDeduplication: true }] },
  ],
  [
    'deadLetterQueue means nothing without a maxReceiveCount',
    { queues: [{ name: 'q', deadLetterQueue: 'd' }, { name: 'd' }] },
  ],
  ['maxRetries means nothing without a function', { streams: [{ name: 's', maxRetries: 1 }] }],
  [
    'rawMessageDelivery means nothing for a function',
    { topics: [{ ...topic, subscriptions: [{ function: 'f', rawMessageDelivery: true }] }] },
  ],
  [
    'inputPath means nothing beside an input',
    { eventRules: [{ ...rule, targets: [{ function: 'f', input: 1, inputPath: '$.detail' }] }] },
  ],
  ['integrationTimeoutMs is 30001', { httpApis: [{ name: 'a', routes: [], integrationTimeoutMs: 30_001 }] }],
  ['idleTimeoutMs is 600001', { webSocketApis: [{ name: 'w', routes: [], idleTimeoutMs: 600_001 }] }],
  ['maxEnvironments is 0', { maxEnvironments: 0 }],
  ['accountId "7" must be twelve digits', { accountId: '7' }],
  ['batchSize is 11, which needs a batchWindowMs', { queues: [{ name: 'q', function: 'f', batchSize: 11 }] }],
  ['batchSize is 11, must be a whole number', { queues: [{ name: 'q.fifo', function: 'f', batchSize: 11 }] }],
  [
    'the dead-letter queue of a FIFO queue must be one',
    { queues: [{ name: 'q.fifo', deadLetterQueue: 'd', maxReceiveCount: 2 }, { name: 'd' }] },
  ],
  ['filterPatterns: "body"', { queues: [{ name: 'q', function: 'f', filterPatterns: [{ body: 'x' }] }] }],
])('an emulator that contradicts itself does not start: %s', async (message, options) => {
  await expect(startStage([FUNCTION], options)).rejects.toThrow(message);
});
