import { get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createLifecycle } from './lifecycle.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import { MAX_PAYLOAD_BYTES } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';

// The wire side of the rules: aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda/rapi.

interface Bench {
  readonly url: string;
  readonly api: ApiServer;
  readonly results: InvocationResult[];
  readonly subscribed: readonly (readonly [string, string])[];
  readonly initErrors: { readonly errorType: string; readonly payload: string }[];
  /** Resolves when something has asked for its next event. */
  readonly asked: () => Promise<void>;
}

let open: ApiServer | undefined;
afterEach(() => open?.stop());

const REQUEST_ID = '6f1a4f3e-6f1a-4f3e-8f1a-6f1a4f3e6f1a';
const TRACE_ID = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000002;Sampled=0';

async function bench(): Promise<Bench> {
  const results: InvocationResult[] = [];
  const subscribed: (readonly [string, string])[] = [];
  const initErrors: { readonly errorType: string; readonly payload: string }[] = [];
  let whenAsked: (() => void) | undefined;
  const api = await startApiServer({
    lifecycle: createLifecycle(),
    functionName: 'orders',
    functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
    accountId: '123456789012',
    handler: 'index.handler',
    events: {
      onNext: () => whenAsked?.(),
      onRegistered: () => undefined,
      onRuntimeNext: () => undefined,
      onResponse: () => undefined,
      onRestoreError: () => undefined,
      onSubscribe: (name, body) => {
        subscribed.push([name, body.toString()]);
        return { status: 200, body: 'OK' };
      },
      onResult: (result) => results.push(result),
      onInitError: (errorType, payload) => initErrors.push({ errorType, payload: payload.toString() }),
      onExtensionError: () => undefined,
    },
  });
  open = api;
  const asked = (): Promise<void> =>
    new Promise((resolve) => {
      whenAsked = resolve;
    });
  return { url: `http://${api.authority}`, api, subscribed, results, initErrors, asked };
}

const NEXT = '/2018-06-01/runtime/invocation/next';
const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers });

/** Brings a runtime to a delivered event. */
async function invoke(
  { url, api, asked }: Bench,
  payload = '{"a":1}',
  clientContext?: string,
): Promise<Response> {
  const waiting = asked();
  const next = fetch(url + NEXT);
  await waiting;
  api.deliver(
    { requestId: REQUEST_ID, payload: Buffer.from(payload), traceId: TRACE_ID, clientContext },
    1_795_436_545_156.9,
  );
  return next;
}

describe('GET /runtime/invocation/next', () => {
  it('hands over the event and its headers (rapi/rendering/rendering.go, renderInvokeHeaders)', async () => {
    const response = await invoke(await bench(), '{"ä":"✓"}', '{"custom":{"k":"v\x7f"}}');
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"ä":"✓"}');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': REQUEST_ID,
      'lambda-runtime-trace-id': TRACE_ID,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
      'lambda-runtime-deadline-ms': '1795436545156',
      'lambda-runtime-client-context': '{"custom":{"k":"v\\u007f"}}',
    });
  });
});

describe('POST /runtime/invocation/{id}/response', () => {
  it('is accepted, and handed on before the answer', async () => {
    const stage = await bench();
    await invoke(stage);
    const answer = await post(
      `${stage.url}/2018-06-01/runtime/invocation/${REQUEST_ID}/response`,
      '{"ok":true}',
    );
    expect([answer.status, await answer.json()]).toEqual([202, { status: 'OK' }]);
    expect(stage.results[0]?.payload.toString()).toBe('{"ok":true}');
  });

  it('with a strange id is refused with 400 (rapi/middleware, AwsRequestIDValidator)', async () => {
    const stage = await bench();
    await invoke(stage);
    const answer = await post(`${stage.url}/2018-06-01/runtime/invocation/other/response`, '{}');
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { errorMessage: 'Invalid request ID', errorType: 'InvalidRequestID' },
    ]);
  });

  it('a second time is refused with 403 (core/states.go)', async () => {
    const stage = await bench();
    await invoke(stage);
    const url = `${stage.url}/2018-06-01/runtime/invocation/${REQUEST_ID}`;
    await post(`${url}/response`, '1');
    for (const kind of ['response', 'error']) {
      const answer = await post(`${url}/${kind}`, '2');
      expect([answer.status, await answer.json()]).toMatchObject([
        403,
        { errorType: 'InvalidStateTransition' },
      ]);
    }
    expect(stage.results).toHaveLength(1);
  });

  it('beyond 6 MiB + 100 becomes an error, and 413 (rapi/handler/invocationresponse.go)', async () => {
    const stage = await bench();
    await invoke(stage);
    const body = JSON.stringify('x'.repeat(MAX_PAYLOAD_BYTES));
    const answer = await post(`${stage.url}/2018-06-01/runtime/invocation/${REQUEST_ID}/response`, body);
    expect([answer.status, await answer.json()]).toMatchObject([413, { errorType: 'RequestEntityTooLarge' }]);
    expect(stage.results[0]).toMatchObject({ status: 'error', errorType: 'Function.ResponseSizeTooLarge' });
  });

  it('of exactly 6 MiB + 100 passes', async () => {
    const stage = await bench();
    await invoke(stage);
    const body = JSON.stringify('x'.repeat(MAX_PAYLOAD_BYTES - 2));
    const answer = await post(`${stage.url}/2018-06-01/runtime/invocation/${REQUEST_ID}/response`, body);
    expect([answer.status, stage.results[0]?.payload.length]).toEqual([202, MAX_PAYLOAD_BYTES]);
  });
});

describe('POST /runtime/invocation/{id}/error', () => {
  it('hands on the body as it is, and takes the type from header or body', async () => {
    const stage = await bench();
    await invoke(stage);
    const body = '{"errorMessage":"boom","errorType":"TypeError"}';
    const answer = await post(`${stage.url}/2018-06-01/runtime/invocation/${REQUEST_ID}/error`, body);
    expect(answer.status).toBe(202);
    expect(stage.results[0]).toMatchObject({ status: 'error', errorType: 'TypeError' });
    expect(stage.results[0]?.payload.toString()).toBe(body);
  });
});

describe('POST /runtime/init/error', () => {
  it('is taken from a runtime that has not asked yet', async () => {
    const stage = await bench();
    const headers = { 'Lambda-Runtime-Function-Error-Type': 'Runtime.ImportModuleError' };
    const answer = await post(`${stage.url}/2018-06-01/runtime/init/error`, '{"errorMessage":"no"}', headers);
    expect(answer.status).toBe(202);
    expect(stage.initErrors).toEqual([
      { errorType: 'Runtime.ImportModuleError', payload: '{"errorMessage":"no"}' },
    ]);
  });
});

describe('a web page', () => {
  it.each([
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { host: 'rebound.example' },
  ])('cannot take an event: %j', async (headers) => {
    const stage = await bench();
    const { hostname, port } = new URL(stage.url);
    const status = await new Promise((resolve, reject) => {
      const request = get({ hostname, port, path: NEXT, headers }, (response) =>
        resolve(response.statusCode),
      );
      request.on('error', reject);
    });
    expect(status).toBe(403);
    expect((await invoke(stage)).status).toBe(200);
  });
});

describe('the Extensions API', () => {
  const EXTENSION = '/2020-01-01/extension';
  const register = (
    url: string,
    events: unknown,
    headers: Record<string, string> = { 'Lambda-Extension-Name': 'agent' },
  ) => post(`${url}${EXTENSION}/register`, JSON.stringify({ events }), headers);

  it('registers and tells the function (rapi/handler/agentregister.go)', async () => {
    const { url } = await bench();
    const answer = await register(url, ['INVOKE'], {
      'Lambda-Extension-Name': 'agent',
      'Lambda-Extension-Accept-Feature': 'accountId',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('lambda-extension-identifier')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await answer.json()).toEqual({
      functionName: 'orders',
      functionVersion: '$LATEST',
      handler: 'index.handler',
      accountId: '123456789012',
    });
  });

  it.each([
    ['SHUTDOWN', ['SHUTDOWN'], undefined, 'Extension.InvalidEventType'],
    ['no name', ['INVOKE'], {}, 'Extension.InvalidExtensionName'],
    ['a body that is no list', 'INVOKE', undefined, 'InvalidRequestFormat'],
  ])('refuses %s with 403', async (_, events, headers, errorType) => {
    const answer = await register((await bench()).url, events, headers);
    expect([answer.status, await answer.json()]).toMatchObject([403, { errorType }]);
  });

  it("refuses a registration after the runtime's first next with 403", async () => {
    const stage = await bench();
    const waiting = stage.asked();
    void fetch(stage.url + NEXT).catch(() => undefined);
    await waiting;
    const answer = await register(stage.url, ['INVOKE']);
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { errorType: 'Extension.RegistrationClosed', errorMessage: 'Extension registration closed already' },
    ]);
  });

  it('gives the INVOKE event to who waits for it (rapi/rendering/rendering.go, newAgentInvokeEvent)', async () => {
    const stage = await bench();
    const id = (await register(stage.url, ['INVOKE'])).headers.get('lambda-extension-identifier')!;
    const waiting = stage.asked();
    const event = fetch(`${stage.url}${EXTENSION}/event/next`, {
      headers: { 'Lambda-Extension-Identifier': id },
    });
    await waiting;
    await invoke(stage);
    const answer = await event;
    expect(answer.headers.get('lambda-extension-event-identifier')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await answer.json()).toEqual({
      eventType: 'INVOKE',
      deadlineMs: 1_795_436_545_156,
      requestId: REQUEST_ID,
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
      tracing: { type: 'X-Amzn-Trace-Id', value: TRACE_ID },
    });
  });

  it.each([
    ['no identifier', {}, 'Extension.MissingExtensionIdentifier'],
    ['one that is none', { 'Lambda-Extension-Identifier': 'x' }, 'Extension.InvalidExtensionIdentifier'],
    ["a stranger's", { 'Lambda-Extension-Identifier': REQUEST_ID }, 'Extension.UnknownExtensionIdentifier'],
  ])('refuses event/next with %s (rapi/middleware)', async (_, headers, errorType) => {
    const { url } = await bench();
    const answer = await fetch(`${url}${EXTENSION}/event/next`, {
      headers: headers as Record<string, string>,
    });
    expect([answer.status, await answer.json()]).toMatchObject([403, { errorType }]);
  });

  it('wants the error type of a failed extension (rapi/handler/agentexiterror.go)', async () => {
    const { url } = await bench();
    const id = (await register(url, ['INVOKE'])).headers.get('lambda-extension-identifier')!;
    const without = await post(`${url}${EXTENSION}/exit/error`, '{}', { 'Lambda-Extension-Identifier': id });
    expect([without.status, await without.json()]).toMatchObject([
      403,
      { errorType: 'Extension.MissingHeader' },
    ]);
    const headers = {
      'Lambda-Extension-Identifier': id,
      'Lambda-Extension-Function-Error-Type': 'Extension.X',
    };
    expect((await post(`${url}${EXTENSION}/exit/error`, '{}', headers)).status).toBe(202);
  });

  it('hands on a subscription to telemetry, of an internal extension too (rapi/handler/runtimelogs.go, getAgentName)', async () => {
    const { url, subscribed } = await bench();
    const id = (await register(url, ['INVOKE'])).headers.get('lambda-extension-identifier')!;
    const put = (identifier: string): Promise<Response> =>
      fetch(`${url}/2022-07-01/telemetry`, {
        method: 'PUT',
        body: '{"a":1}',
        headers: { 'Lambda-Extension-Identifier': identifier },
      });
    const answer = await put(id);
    expect([answer.status, await answer.text()]).toEqual([200, 'OK']);
    expect(subscribed).toEqual([['agent', '{"a":1}']]);
    expect((await put(REQUEST_ID)).status).toBe(403);
  });

  it('answers the Logs API without subscribing (rapi/router.go, LogsAPIStubRouter)', async () => {
    const { url } = await bench();
    const answer = await fetch(`${url}/2020-08-15/logs`, { method: 'PUT', body: '{}' });
    expect([answer.status, await answer.json()]).toMatchObject([202, { errorType: 'Logs.NotSupported' }]);
  });
});
