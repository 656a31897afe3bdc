import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestOutgoing } from '../../../../../test/support/outgoingEnvironment.ts';
import { createAwsMiddleware } from './awsClient.ts';
import { addAwsMiddleware } from './awsSdk.ts';
import { observeHttpClient } from './httpClient.ts';

const XRAY = 'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:abcd1234:0';
const { environment, ended, faults, invocation, inInvocation } = createTestOutgoing({
  xrayHeader: () => XRAY,
});

let server: Server;
let client: SQSClient;
let bodies: string[];
let headers: (string | undefined)[];
let answer: (response: ServerResponse, body: string) => void;
beforeAll(async () => {
  observeHttpClient(environment);
  server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      bodies.push(body);
      headers.push(incoming.headers['x-amzn-trace-id'] as string | undefined);
      answer(response, body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  client = new SQSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    md5: false,
  });
  addAwsMiddleware(client, createAwsMiddleware(environment));
});
afterAll(() => {
  client.destroy();
  server.close();
});
beforeEach(() => {
  bodies = [];
  headers = [];
  ended.length = 0;
  faults.length = 0;
  answer = (response) => response.end('{"MessageId":"m1"}');
});

const refuse = (response: ServerResponse, type: string, message = 'no'): void => {
  response.writeHead(400, {
    'x-amzn-query-error': `${type};Sender`,
    'content-type': 'application/x-amz-json-1.0',
  });
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }));
};
const input = Object.freeze({ QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/jobs', MessageBody: 'b' });
const send = (): Promise<unknown> => inInvocation(() => client.send(new SendMessageCommand(input)));

describe('a call of a traced client', () => {
  it('is one span that names where it went, and its request carries X-Ray’s header too', async () => {
    await send();
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({
      name: 'SQS.SendMessage',
      parentSpanId: invocation.spanContext().spanId,
      attributes: {
        'cloud.region': 'eu-west-1',
        'server.address': '127.0.0.1',
        'messaging.message.id': 'm1',
      },
    });
    const { traceId, spanId } = ended[0]!.context;
    expect(headers).toEqual([
      `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Clickspan=03`,
    ]);
    expect(bodies[0]).toContain(`00-${traceId}-${spanId}-03`);
    expect(faults).toEqual([]);
  });

  it('that a queue refuses for its size is sent again as it was', async () => {
    answer = (response, body) => {
      if (body.includes('traceparent')) refuse(response, 'InvalidParameterValue');
      else response.end('{"MessageId":"m2"}');
    };
    await expect(send()).resolves.toMatchObject({ MessageId: 'm2' });
    expect(bodies).toHaveLength(2);
    expect(JSON.parse(bodies[1]!)).toEqual(input);
    expect(ended).toHaveLength(1);
    expect(ended[0]!.status.code).toBe(0);
  });

  it('that fails for another reason is not', async () => {
    answer = (response) => refuse(response, 'QueueDoesNotExist');
    await expect(send()).rejects.toThrow('no');
    expect(bodies).toHaveLength(1);
    expect(ended[0]).toMatchObject({ status: { code: 2 }, attributes: { 'http.response.status_code': 400 } });
  });

  it('whose signature is refused is told without what was signed', async () => {
    const signed = 'POST\n/\n\nx-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE\n';
    answer = (response) => refuse(response, 'InvalidSignatureException', `Signed was '${signed}'`);
    await expect(send()).rejects.toThrow('IQoJ');
    expect(ended[0]!.status.message).toBe("Signed was 'POST\n/\n\nx-amz-security-token:*\n'");
  });

  it('outside of an invocation is left alone', async () => {
    await client.send(new SendMessageCommand(input));
    expect(bodies[0]).not.toContain('traceparent');
    expect(headers).toEqual([undefined]);
    expect(ended).toEqual([]);
  });
});
