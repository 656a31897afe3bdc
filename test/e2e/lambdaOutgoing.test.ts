import { createServer as createHttp2Server } from 'node:http2';
import type { Http2Server, IncomingHttpHeaders } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedSpan } from '../support/collector.ts';
import { bundleFunction, withInstalledPackages } from '../support/functionBundle.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';

let collector: FakeCollector;
let stage: Stage | undefined;
let http2: Http2Server;
let redis: Server;
let received: IncomingHttpHeaders[];
const portOf = (server: Server | Http2Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  http2 = createHttp2Server((incoming, answer) => {
    received.push(incoming.headers);
    answer.end('{"MessageId":"m"}');
  });
  // Answers whatever it is asked with one `+OK` for each command.
  redis = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const _ of data.toString().matchAll(/\*\d+\r\n/g)) socket.write('+OK\r\n');
    });
  });
  await Promise.all(
    [http2, redis].map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))),
  );
});
afterAll(() => {
  http2.close();
  redis.close();
});
beforeEach(async () => {
  received = [];
  collector = await startFakeCollector();
});
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  await collector.stop();
});

async function run(
  source: string,
  environment: Readonly<Record<string, string>>,
  runtime: 'nodejs24.x' | 'nodejs22.x' = 'nodejs24.x',
): Promise<ReceivedSpan> {
  const config = { name: 'caller', source, timeoutMs: 20_000, runtime, environment: () => environment };
  stage = await startStage([withLayer(config, collector.url)]);
  await stage.emulator.invoke('caller', {});
  return collector.waitForSpan(isInvocation());
}

describe.each(['nodejs24.x', 'nodejs22.x'] as const)('a bundled function on %s', (runtime) => {
  const runBundle = async (source: string): Promise<ReceivedSpan> =>
    run(await bundleFunction(source), {}, runtime);

  it('is followed over HTTP/2 from its first request on', async () => {
    const invocation = await runBundle(`
        import http2 from 'node:http2';
        export const handler = () =>
          new Promise((resolve, reject) => {
            const session = http2.connect('http://127.0.0.1:${portOf(http2)}');
            const stream = session.request({ ':path': '/first' });
            stream.on('error', reject).on('end', () => session.close(resolve)).resume();
          });`);
    const [call] = collector.spans.filter(isType('call'));
    expect(call).toMatchObject({ name: 'GET', parentSpanId: invocation.spanId });
    expect(call!.attributes['network.protocol.version']).toBe('2');
    expect(received[0]?.['traceparent']).toBe(`00-${call!.traceId}-${call!.spanId}-03`);
  });

  it('tells of what it asks Redis', async () => {
    const invocation = await runBundle(`
        import { Redis } from 'ioredis';
        const redis = new Redis({ host: '127.0.0.1', port: ${portOf(redis)}, enableReadyCheck: false });
        export const handler = async () => {
          await redis.ping();
          await redis.set('user:1', 'secret');
        };`);
    const set = collector.spans.find(({ name }) => name === 'set');
    expect(set).toMatchObject({ parentSpanId: invocation.spanId, attributes: { 'db.system.name': 'redis' } });
    expect(JSON.stringify(collector.spans)).not.toContain('secret');
  });

  it('has spans of its own, nested and across what is asynchronous, with its calls below them', async () => {
    const invocation = await runBundle(`
        import http2 from 'node:http2';
        import { context, trace } from '@opentelemetry/api';
        let tracer;
        const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
        const get = () =>
          new Promise((resolve, reject) => {
            const session = http2.connect('http://127.0.0.1:${portOf(http2)}');
            session.request({}).on('error', reject).on('end', () => session.close(resolve)).resume();
          });
        const job = (name) =>
          tracer.startActiveSpan(name, async (span) => {
            await sleep(5);
            await tracer.startActiveSpan(name + ' inner', async (inner) => {
              await sleep(5);
              await get();
              inner.end();
            });
            span.end();
          });
        export const handler = async () => {
          tracer = trace.getTracer('mine');
          await Promise.all([job('a'), job('b')]);
          const detached = tracer.startSpan('detached');
          await context.with(trace.setSpan(context.active(), detached), get);
          detached.end();
        };`);
    const find = (name: string): ReceivedSpan => collector.spans.find((span) => span.name === name)!;
    for (const name of ['a', 'b', 'detached']) expect(find(name).parentSpanId).toBe(invocation.spanId);
    for (const name of ['a', 'b']) expect(find(`${name} inner`).parentSpanId).toBe(find(name).spanId);
    const parents = collector.spans.filter(isType('call')).map(({ parentSpanId }) => parentSpanId);
    expect(parents.toSorted()).toEqual(
      ['a inner', 'b inner', 'detached'].map((name) => find(name).spanId).toSorted(),
    );
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
  });
});

it('an SDK that is loaded by the handler is found when it was used once', async () => {
  const source = withInstalledPackages(`
    import '@clickspan/lambda';
    export const handler = async () => {
      const { SQSClient, SendMessageCommand } = await import('PACKAGES/@aws-sdk/client-sqs/dist-cjs/index.js');
      const client = new SQSClient({ endpoint: process.env.PLAIN_URL, md5: false });
      const message = { QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/1/jobs', MessageBody: 'b' };
      await client.send(new SendMessageCommand(message));
      await new Promise((done) => setTimeout(done, 20));
      await client.send(new SendMessageCommand(message));
    };`).replace('PACKAGES', `${process.cwd()}/node_modules`);
  const bodies: string[] = [];
  const plain = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.includes('MessageBody')) bodies.push(data.toString());
      if (data.toString().endsWith('}'))
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 17\r\n\r\n{"MessageId":"m"}',
        );
    });
  });
  await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
  try {
    await run(source.replace(/^\s*import '.*$/m, ''), { PLAIN_URL: `http://127.0.0.1:${portOf(plain)}` });
    expect(collector.spans.filter(isType('call')).map(({ name }) => name)).toEqual([
      'SQS.SendMessage',
      'SQS.SendMessage',
    ]);
    expect(bodies.map((body) => body.includes('"traceparent"'))).toEqual([false, true]);
  } finally {
    plain.close();
  }
});
