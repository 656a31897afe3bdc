import { describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../platform/accessPolicy.ts';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { createAskAuthorizer } from '../../platform/lambdaAuthorizer.ts';
import type { Authorization } from '../../platform/lambdaAuthorizer.ts';
import { authorize } from './authorize.ts';
import { refuseAuthorizerFaults } from './authorizerConfig.ts';
import type { RestAuthorizer } from './authorizerConfig.ts';

// Sources, in https://docs.aws.amazon.com/apigateway/latest/developerguide/
// [use] apigateway-use-lambda-authorizer.html
// [input] api-gateway-lambda-authorizer-input.html
// [output] api-gateway-lambda-authorizer-output.html

const ARN = 'arn:aws:execute-api:eu-central-1:123456789012:shop000000/prod/GET/pets/7';
const allow = (more: object = {}): object => ({
  principalId: 'me',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }],
  },
  ...more,
});
const ok = (value: unknown): InvocationOutcome => ({
  status: 'ok',
  payload: Buffer.from(JSON.stringify(value)),
  contentType: 'application/json',
});
const failing = (errorMessage: string): InvocationOutcome => ({
  status: 'error',
  errorType: 'Error',
  payload: Buffer.from(JSON.stringify({ errorMessage })),
});

interface Bench {
  readonly events: unknown[];
  readonly advance: (ms: number) => void;
  readonly ask: (headers?: Record<string, string>, methodArn?: string) => Promise<Authorization>;
}

function bench(reply: InvocationOutcome, change: Partial<RestAuthorizer> = {}): Bench {
  let now = 0;
  const events: unknown[] = [];
  const askAuthorizer = createAskAuthorizer(() => now);
  return {
    events,
    advance: (ms) => {
      now += ms;
    },
    ask: (headers = { authorization: 'abc' }, methodArn = ARN) =>
      authorize(askAuthorizer, {
        authorizer: { function: 'auth', ...change },
        headerOf: (name) => headers[name],
        methodArn,
        event: { resource: '/pets/{id}', path: '/pets/7', body: 'secret', isBase64Encoded: false },
        invoke: async (event) => {
          events.push(event);
          return reply;
        },
      }),
  };
}

describe('an authorizer', () => {
  it('of tokens gets the header and the method [input]', async () => {
    const { ask, events } = bench(ok(allow()));
    await ask();
    expect(events).toEqual([{ type: 'TOKEN', authorizationToken: 'abc', methodArn: ARN }]);
  });

  it('of requests gets the request without its body [input]', async () => {
    const { ask, events } = bench(ok(allow()), { type: 'REQUEST' });
    await ask();
    expect(events).toEqual([{ type: 'REQUEST', methodArn: ARN, resource: '/pets/{id}', path: '/pets/7' }]);
  });

  it('hands its context on as text, with the principal [output]', async () => {
    const { ask } = bench(ok(allow({ context: { text: 'a', number: 1, flag: true } })));
    expect(await ask()).toEqual({
      status: 'allowed',
      context: { text: 'a', number: '1', flag: 'true', principalId: 'me', integrationLatency: 0 },
    });
  });

  it('is not asked without its header [use]', async () => {
    const { ask, events } = bench(ok(allow()));
    expect([await ask({}), events]).toEqual([{ status: 'unauthorized' }, []]);
  });

  it('is asked once in five minutes for the same header, and its policy read for each method [use]', async () => {
    const { ask, events, advance } = bench(ok(allow()));
    await ask();
    expect(await ask(undefined, ARN.replace('GET', 'POST'))).toEqual({ status: 'denied' });
    expect(events).toHaveLength(1);
    await ask({ authorization: 'other' });
    expect(events).toHaveLength(2);
    advance(300_000);
    await ask();
    expect(events).toHaveLength(3);
  });

  it('is asked each time where nothing is kept [use]', async () => {
    const { ask, events } = bench(ok(allow()), { resultTtlMs: 0 });
    await ask();
    await ask();
    expect(events).toHaveLength(2);
  });

  it.each<[Authorization['status'], InvocationOutcome]>([
    ['unauthorized', failing('Unauthorized')],
    ['failed', failing('boom')],
    ['failed', { status: 'throttled', reason: 'x' }],
    ['failed', ok('text')],
    ['failed', ok({ ...allow(), principalId: undefined })],
    ['failed', ok({ ...allow(), policyDocument: {} })],
    ['failed', ok(allow({ context: { list: [] } }))],
  ])('that does not decide is %s [output]', async (status, reply) => {
    const { ask } = bench(reply);
    expect((await ask()).status).toBe(status);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
it.each([
  ['allowed', [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }]],
  [
    'allowed',
    { Action: ['execute-api:*'], Effect: 'Allow', Resource: ['x', 'arn:aws:execute-api:*:*:*/prod/*'] },
  ],
  ['denied', [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: `${ARN}/more` }]],
  ['denied', [{ Action: 's3:*', Effect: 'Allow', Resource: '*' }]],
  [
    'explicitlyDenied',
    [
      { Action: '*', Effect: 'Allow', Resource: '*' },
      { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: '*/GET/*' },
    ],
  ],
  ['denied', [{ Action: '*', Effect: 'Allow', Resource: '*', Condition: {} }]],
  [undefined, []],
  [undefined, ['Allow']],
])('a policy is %s by %j', (expected, Statement) => {
  expect(evaluatePolicy({ Version: '2012-10-17', Statement }, ARN)).toBe(expected);
});

it.each([
  [{ identityHeaders: ['a', 'b'] }, 'a TOKEN authorizer has one identity header'],
  [{ type: 'REQUEST' as const, identityHeaders: [] }, 'resultTtlMs must be 0'],
  [{ resultTtlMs: 3_600_001 }, 'resultTtlMs is 3600001'],
])('an authorizer with %j is refused', (change, message) => {
  expect(() => refuseAuthorizerFaults('REST API shop', { function: 'auth', ...change })).toThrow(message);
});
