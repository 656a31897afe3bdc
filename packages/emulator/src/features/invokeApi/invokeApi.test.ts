import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { HttpAnswer, HttpCall } from '../../../../../test/support/httpClient.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import { startInvokeApi } from './invokeApi.ts';
import type { InvokeApi } from './invokeApi.ts';
import { createLogTail } from './logTail.ts';

// Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, and for sizes
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

const ACCOUNT = { region: 'eu-central-1', accountId: '123456789012' };
const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:f';
const MB = 1024 * 1024;

let api: InvokeApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

interface Bench {
  readonly calls: Invocation[];
  readonly accepted: Invocation[];
  readonly send: (name: string, call?: HttpCall, query?: string) => Promise<HttpAnswer>;
}

const OK: InvocationOutcome = {
  status: 'ok',
  payload: Buffer.from('"done"'),
  contentType: 'application/json',
};

async function bench(reply: InvocationOutcome = OK, chunks: readonly string[] = []): Promise<Bench> {
  const calls: Invocation[] = [];
  const accepted: Invocation[] = [];
  const logTail = createLogTail();
  const write = (environmentId: string, line: string): void =>
    logTail.onLine({ environmentId, source: /^(START|REPORT) /.test(line) ? 'platform' : 'stdout', line });
  api = await startInvokeApi({
    port: 0,
    account: ACCOUNT,
    isFunction: (name) => name === 'f',
    invoke: async (_, call) => {
      calls.push(call);
      write('one', `START RequestId: ${call.requestId} Version: $LATEST`);
      write('one', `mine ${'x'.repeat(4000)}`);
      write('other', 'not mine');
      if (chunks.length > 0) call.sink?.begin('text/plain');
      for (const chunk of chunks) await call.sink?.write(Buffer.from(chunk));
      write('one', `REPORT RequestId: ${call.requestId}\tDuration: 1 ms`);
      return reply;
    },
    accept: (_, call) => void accepted.push(call),
    logTail,
    toTraceId: (incoming) => incoming ?? 'Root=1-a-b;Parent=c;Sampled=0',
  });
  const { endpoint } = api;
  const send: Bench['send'] = (name, call = {}, query = '') =>
    sendHttp(`${endpoint}/2015-03-31/functions/${name}/invocations${query}`, { method: 'POST', ...call });
  return { calls, accepted, send };
}

describe('RequestResponse', () => {
  it('answers 200 with what the function returned, and the version that ran', async () => {
    const { calls, send } = await bench();
    const { status, body, headers } = await send('f', { body: '{"a":1}' });
    expect([status, body, headers['x-amz-executed-version']]).toEqual([200, '"done"', '$LATEST']);
    expect(headers).not.toHaveProperty('x-amz-function-error');
    expect(calls[0]).toMatchObject({
      payload: Buffer.from('{"a":1}'),
      requestId: headers['x-amzn-requestid'],
    });
  });

  it.each(['f', ARN, `${ARN}:$LATEST`, '123456789012:function:f', 'f:$LATEST', encodeURIComponent(ARN)])(
    'knows the function by "%s"',
    async (name) => {
      expect((await (await bench()).send(name)).status).toBe(200);
    },
  );

  it('makes an empty object of no payload', async () => {
    const { calls, send } = await bench();
    await send('f');
    expect(calls[0]!.payload.toString()).toBe('{}');
  });

  it('says by a header that the function failed, with status 200', async () => {
    const payload = Buffer.from('{"errorMessage":"boom"}');
    const { send } = await bench({ status: 'error', errorType: 'Error', payload });
    const { status, body, headers } = await send('f');
    expect([status, body, headers['x-amz-function-error']]).toEqual([
      200,
      '{"errorMessage":"boom"}',
      'Unhandled',
    ]);
  });

  it('hands over the client context and the trace header', async () => {
    const { calls, send } = await bench();
    const context = '{"custom":{"a":"ü"}}';
    const headers = {
      'X-Amz-Client-Context': Buffer.from(context).toString('base64'),
      'X-Amzn-Trace-Id': 'Root=1-d-e',
    };
    await send('f', { headers });
    expect(calls[0]).toMatchObject({ clientContext: context, traceId: 'Root=1-d-e' });
  });

  it('gives the last 4 KB of the log when asked to', async () => {
    const { send } = await bench();
    const { headers } = await send('f', { headers: { 'X-Amz-Log-Type': 'Tail' } });
    const log = Buffer.from(String(headers['x-amz-log-result']), 'base64').toString();
    expect(log).toHaveLength(4096);
    expect(log).toMatch(/x\nREPORT RequestId: [0-9a-f-]{36}\tDuration: 1 ms\n$/);
    expect((await send('f')).headers).not.toHaveProperty('x-amz-log-result');
  });
});

describe('Event', () => {
  it('answers 202 at once and leaves out the client context: "for synchronous invocations only"', async () => {
    const { accepted, calls, send } = await bench();
    const headers = { 'X-Amz-Invocation-Type': 'Event', 'X-Amz-Client-Context': 'e30=' };
    const { status, body } = await send('f', { headers, body: '[]' });
    expect([status, body, calls]).toEqual([202, '', []]);
    expect(accepted).toMatchObject([{ payload: Buffer.from('[]'), clientContext: undefined }]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
describe('InvokeWithResponseStream', () => {
  const stream = (headers: Record<string, string> = {}): Promise<HttpAnswer> =>
    sendHttp(`${api!.endpoint}/2021-11-15/functions/f/response-streaming-invocations`, {
      method: 'POST',
      headers,
      body: '{}',
    });

  it('answers with a chunk and how it ended, as an event stream', async () => {
    await bench();
    const { status, headers, bytes } = await stream();
    expect([status, headers['content-type']]).toEqual([200, 'application/vnd.amazon.eventstream']);
    const end = bytes.readUInt32BE(0);
    const [chunk, complete] = [bytes.subarray(0, end).toString(), bytes.subarray(end).toString()];
    expect(chunk).toMatch(/:event-type.*PayloadChunk.*"done"/s);
    expect(complete).toMatch(/:event-type.*InvokeComplete.*\{\}/s);
  });

  it('answers with the chunks of a function that streams, as they come', async () => {
    await bench({ ...OK, payload: Buffer.alloc(0) }, ['one', 'two']);
    const { bytes } = await stream();
    const end = bytes.readUInt32BE(0);
    expect(bytes.subarray(0, end).toString()).toMatch(/PayloadChunk.*one/s);
    expect(bytes.subarray(end).toString()).toMatch(/PayloadChunk.*two.*InvokeComplete/s);
  });

  it('says how the function failed', async () => {
    await bench({ status: 'error', errorType: 'TypeError', payload: Buffer.from('{"errorMessage":"boom"}') });
    const { body } = await stream();
    expect(body).toContain('{"ErrorCode":"TypeError","ErrorDetails":"{\\"errorMessage\\":\\"boom\\"}"}');
  });

  it('takes no events', async () => {
    await bench();
    expect((await stream({ 'X-Amz-Invocation-Type': 'Event' })).status).toBe(400);
  });
});

it('runs nothing for DryRun and answers 204', async () => {
  const { calls, send } = await bench();
  const { status } = await send('f', { headers: { 'X-Amz-Invocation-Type': 'DryRun' } });
  expect([status, calls]).toEqual([204, []]);
});

describe('a refusal', () => {
  const text = (bytes: number): string => `"${'x'.repeat(bytes)}"`;
  it.each<[number, string, string, HttpCall, object]>([
    [
      404,
      'ResourceNotFoundException',
      'g',
      {},
      { Type: 'User', Message: 'Function not found: arn:aws:lambda:eu-central-1:123456789012:function:g' },
    ],
    [404, 'ResourceNotFoundException', 'f:live', {}, { Message: `Function not found: ${ARN}:live` }],
    [400, 'InvalidRequestContentException', 'f', { body: '{"a"' }, { Type: 'User' }],
    [
      400,
      'InvalidRequestContentException',
      'f',
      { headers: { 'X-Amz-Client-Context': 'x{' } },
      { Type: 'User' },
    ],
    [400, 'ValidationException', 'f', { headers: { 'X-Amz-Invocation-Type': 'Never' } }, {}],
    [
      413,
      'RequestTooLargeException',
      'f',
      { body: text(6 * MB) },
      {
        Type: 'User',
        message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
      },
    ],
    [
      413,
      'RequestTooLargeException',
      'f',
      { body: text(MB), headers: { 'X-Amz-Invocation-Type': 'Event' } },
      { message: 'Request must be smaller than 1048576 bytes for the InvokeFunction operation' },
    ],
  ])('is %i %s for %s', async (status, code, name, call, document) => {
    const { calls, accepted, send } = await bench();
    const answer = await send(name, call);
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([status, code]);
    expect(JSON.parse(answer.body)).toMatchObject(document);
    expect([calls, accepted]).toEqual([[], []]);
  });

  it('is 429 TooManyRequestsException when there is no room', async () => {
    const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
    const { send } = await bench({ status: 'throttled', reason });
    const { status, body, headers } = await send('f', { headers: { 'X-Amz-Log-Type': 'Tail' } });
    expect([status, headers['x-amzn-errortype']]).toEqual([429, 'TooManyRequestsException']);
    expect(JSON.parse(body)).toEqual({ Reason: reason, Type: 'User', message: 'Rate Exceeded.' });
  });

  it('is what a web page gets', async () => {
    const { calls, send } = await bench();
    const { status } = await send('f', { headers: { origin: 'https://evil.example' } });
    expect([status, calls]).toEqual([403, []]);
  });
});
