import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import type { HttpAnswer } from '../support/httpClient.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { receiveMessage } from '../support/receiveMessage.ts';

// Sources:
// [invoke] https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
// [stream] https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
// [json] https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
// [async] https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html and
// invocation-async-retain-records.html

const FUNCTION = `
  export const handler = async (event, context) => {
    console.log('got ' + JSON.stringify(event));
    if (event.throw) throw new TypeError('boom');
    if (event.call) {
      const url = process.env.AWS_ENDPOINT_URL_LAMBDA + '/2015-03-31/functions/' + event.call + '/invocations';
      return (await fetch(url, { method: 'POST', body: '{"from":"f"}' })).json();
    }
    return { event, id: context.awsRequestId, custom: context.clientContext?.Custom ?? context.clientContext?.custom };
  };
`;

const STREAMER = `
  export const handler = awslambda.streamifyResponse(async (event, stream) => {
    stream.write('first ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    stream.end('second');
  });
`;

let stage: Stage;
beforeAll(async () => {
  const environment = ({ lambdaEndpoint }: { readonly lambdaEndpoint: string }) => ({
    AWS_ENDPOINT_URL_LAMBDA: lambdaEndpoint,
  });
  stage = await startStage(
    [
      { name: 'f', source: FUNCTION, environment },
      { name: 'g', source: FUNCTION, logFormat: 'JSON' },
      { name: 'streamer', source: STREAMER },
    ],
    {
      queues: [{ name: 'given-up' }],
      asyncInvokes: [{ function: 'f', retryDelaysMs: [50, 50], onFailure: 'given-up' }],
    },
  );
});
afterAll(() => stage.stop());

const invoke = (body: unknown, headers: Record<string, string> = {}, name = 'f'): Promise<HttpAnswer> =>
  sendHttp(`${stage.emulator.lambdaEndpoint}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });

describe('the Invoke API', () => {
  it('runs a function and gives what it returned, its client context and the end of its log [invoke]', async () => {
    const context = Buffer.from('{"custom":{"a":"1"}}').toString('base64');
    const { status, headers, body } = await invoke(
      { a: 1 },
      { 'x-amz-client-context': context, 'x-amz-log-type': 'Tail' },
    );
    expect(status).toBe(200);
    const id = headers['x-amzn-requestid'];
    expect(JSON.parse(body)).toEqual({ event: { a: 1 }, id, custom: { a: '1' } });
    const log = Buffer.from(String(headers['x-amz-log-result']), 'base64').toString();
    expect(log).toContain(`START RequestId: ${String(id)}`);
    expect(log).toContain('got {"a":1}');
    expect(log).toContain(`REPORT RequestId: ${String(id)}`);
  });

  it('gives the end of a log in JSON [json]', async () => {
    const { headers } = await invoke({ a: 1 }, { 'x-amz-log-type': 'Tail' }, 'g');
    const log = Buffer.from(String(headers['x-amz-log-result']), 'base64').toString();
    const requestId = headers['x-amzn-requestid'];
    const lines = log.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { type: 'platform.start', record: { requestId } },
      { level: 'INFO', message: 'got {"a":1}', requestId },
      { type: 'platform.report', record: { requestId } },
    ]);
  });

  it("gives the function's error with status 200 [invoke]", async () => {
    const { status, headers, body } = await invoke({ throw: true });
    expect([status, headers['x-amz-function-error']]).toEqual([200, 'Unhandled']);
    expect(JSON.parse(body)).toMatchObject({ errorType: 'TypeError', errorMessage: 'boom' });
  });

  it('hands on what a function streams, while it streams [stream]', async () => {
    const url = `${stage.emulator.lambdaEndpoint}/2021-11-15/functions/streamer/response-streaming-invocations`;
    const { body } = await fetch(url, { method: 'POST' });
    const parts: string[] = [];
    for await (const part of body!) parts.push(Buffer.from(part).toString('latin1'));
    expect(parts[0]).toContain('first ');
    expect(parts[0]).not.toContain('second');
    expect(parts.join('')).toMatch(/PayloadChunk.*first .*PayloadChunk.*second.*InvokeComplete/s);
  });

  it('lets one function call another', async () => {
    const { body } = await invoke({ call: 'g' });
    expect(JSON.parse(body)).toMatchObject({ event: { from: 'f' } });
  });

  it('runs an event later, three times in all when it fails, and then tells the queue [async]', async () => {
    const { status, headers } = await invoke({ throw: 'later' }, { 'x-amz-invocation-type': 'Event' });
    expect(status).toBe(202);
    const id = headers['x-amzn-requestid'];
    const runs = () => stage.environments('f').flatMap(({ invocations }) => invocations);
    await until(
      'it has run three times',
      () => runs().filter(({ requestId }) => requestId === id).length === 3,
    );
    const { Body } = await receiveMessage(stage.emulator, 'given-up');
    expect(JSON.parse(Body!)).toMatchObject({
      requestContext: { requestId: id, condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { throw: 'later' },
      responsePayload: { errorType: 'TypeError' },
    });
  });
});
