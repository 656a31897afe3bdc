import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyHandlerV2,
  Context,
  Handler,
  SQSHandler,
} from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { wrap } from './npm.ts';

describe('wrap() outside of Lambda, as in a unit test of the function', () => {
  it('gives the handler itself, with its type', async () => {
    const handler = async (
      event: APIGatewayProxyEventV2,
      context: Context,
    ): Promise<{ statusCode: number }> => {
      await Promise.resolve();
      return { statusCode: event.rawPath.length + context.awsRequestId.length };
    };
    const wrapped = wrap(handler);
    const typed: APIGatewayProxyHandlerV2 = wrapped;
    expect(typed).toBe(handler);
    expect(
      await wrapped({ rawPath: '/' } as APIGatewayProxyEventV2, { awsRequestId: 'r' } as Context),
    ).toEqual({
      statusCode: 2,
    });
    // @ts-expect-error the type of the event is kept
    void (() => wrapped({ n: 1 }, {} as Context));
    // @ts-expect-error a handler is a function
    void (() => wrap(7));
  });

  it('takes the type of an event from where it is assigned to', () => {
    const seen: string[] = [];
    const queue: SQSHandler = wrap(async (event) => {
      seen.push(...event.Records.map(({ messageId }) => messageId));
      await Promise.resolve();
    });
    const callback = wrap<Handler<{ n: number }, number>>((event, _, done) => done(null, event.n));
    void queue({ Records: [{ messageId: 'm' }] } as never, {} as Context, () => {});
    void callback({ n: 7 }, {} as Context, (_, result) => seen.push(String(result)));
    expect(seen).toEqual(['m', '7']);
  });

  it('works within middy and around it, and keeps what middy adds to a handler', async () => {
    const middleware = injectLambdaContext(new Logger());
    const inner = middy(wrap(async (event: { n: number }) => Promise.resolve(event.n + 1))).use(middleware);
    const outer = wrap(middy<{ n: number }, number>().handler(async (event) => Promise.resolve(event.n + 2)));
    outer.use({ before: () => {} });
    const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 1000 } as Context;
    const results: number[] = [await inner({ n: 1 }, context), await outer({ n: 1 }, context)];
    expect(results).toEqual([2, 3]);
  });
});
