/**
 * What one traced call costs the function that makes it, µs of CPU, by kind: `node test/bench/outgoingCalls.ts`. Calls within
 * an invocation and calls outside of one, which the agent leaves alone, take turns in batches; the figure is the median
 * difference of a batch, with its quartiles. The server runs in a process of its own.
 */
import { fork } from 'node:child_process';
import { Agent, request as httpRequest, createServer } from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createAwsMiddleware } from '../../packages/lambda/src/features/outgoing/awsClient.ts';
import { addAwsMiddleware } from '../../packages/lambda/src/features/outgoing/awsSdk.ts';
import { observeHttp2Client } from '../../packages/lambda/src/features/outgoing/http2Client.ts';
import { observeHttpClient } from '../../packages/lambda/src/features/outgoing/httpClient.ts';
import { observeUndici } from '../../packages/lambda/src/features/outgoing/undici.ts';
import { createSqlReader } from '../../packages/lambda/src/features/outgoing/sqlText.ts';
import { createTestOutgoing } from '../support/outgoingEnvironment.ts';

const ROUNDS = 120;
const BATCH = 40;

if (process.argv[2] === 'server') {
  const plain = createServer((incoming, answer) => {
    incoming.resume();
    answer.setHeader('x-amzn-requestid', 'r1');
    answer.end('{}');
  });
  const multiplexed = http2.createServer((_, answer) => answer.end('{}'));
  plain.listen(0, '127.0.0.1', () => {
    multiplexed.listen(0, '127.0.0.1', () => {
      process.send!([plain, multiplexed].map((server) => (server.address() as AddressInfo).port));
    });
  });
  process.on('disconnect', () => process.exit());
} else {
  const server = fork(import.meta.filename, ['server']);
  const [port, port2] = await new Promise<number[]>((resolve) => {
    server.once('message', (ports) => resolve(ports as number[]));
  });
  await measureAll(`http://127.0.0.1:${port}`, `http://127.0.0.1:${port2}`);
  server.disconnect();
}

async function measureAll(url: string, url2: string): Promise<void> {
  const { environment, ended, inInvocation } = createTestOutgoing();
  observeUndici(environment);
  observeHttpClient(environment);
  observeHttp2Client(environment)();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const session = http2.connect(url2);
  const client = new SQSClient({
    endpoint: url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    md5: false,
  });
  addAwsMiddleware(client, createAwsMiddleware(environment));
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    fetch: async () => (await fetch(url)).text(),
    'node:http': () =>
      new Promise((resolve, reject) => {
        httpRequest(url, { agent }, (incoming) => incoming.resume().on('end', resolve))
          .on('error', reject)
          .end();
      }),
    'node:http2': () =>
      new Promise((resolve, reject) => {
        session.request({ ':path': '/' }).on('end', resolve).on('error', reject).resume();
      }),
    'AWS SDK, SQS.SendMessage': () =>
      client.send(new SendMessageCommand({ QueueUrl: `${url}/1/q`, MessageBody: 'x'.repeat(1000) })),
  };
  for (const [name, call] of Object.entries(calls)) {
    const differences: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const traced = (): Promise<unknown> => inInvocation(call);
      const order = round % 2 ? [call, traced] : [traced, call];
      const [first, second] = [await cpuOf(order[0]!), await cpuOf(order[1]!)];
      // The compiler needs the first ones.
      if (round >= 20) differences.push(round % 2 ? second - first : first - second);
    }
    report(name, differences);
    ended.length = 0;
  }
  const read = createSqlReader({ doubleQuotedText: true, backslash: true, hashComment: true });
  const sql =
    "SELECT a, b, c FROM orders o JOIN items i ON i.order_id = o.id WHERE o.name = 'x' AND o.id IN (1, 2, 3)";
  const started = process.hrtime.bigint();
  for (let i = 0; i < 10_000; i++) read(sql);
  console.log(
    JSON.stringify({ name: 'masking a statement', us: Number(process.hrtime.bigint() - started) / 1e7 }),
  );
  session.destroy();
  agent.destroy();
  client.destroy();
}

async function cpuOf(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < BATCH; i++) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / BATCH;
}

function report(name: string, values: number[]): void {
  values.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(values[Math.floor(share * (values.length - 1))]! * 10) / 10;
  console.log(JSON.stringify({ name, us: at(0.5), quartiles: [at(0.25), at(0.75)] }));
}
