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
import { describe, expect, expectTypeOf, it } from 'vitest';
import { traceMessage, wrap } from './npm.ts';

interface Order {
  readonly messageId: string;
}

describe('traceMessage without an agent', () => {
  const order: Order = { messageId: 'm-1' };

  it('just handles the message, and keeps its types', async () => {
    const later = traceMessage(order, async ({ messageId }) => messageId.length);
    expectTypeOf(later).toEqualTypeOf<Promise<number>>();
    expect(await later).toBe(3);
    const now = traceMessage(order, (message) => {
      expectTypeOf(message).toEqualTypeOf<Order>();
      return message;
    });
    expectTypeOf(now).toEqualTypeOf<Order>();
    expect(now).toBe(order);
  });

  it('throws what the handling throws', () => {
    const error = new Error('x');
    expect(() =>
      traceMessage(order, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it('takes no handling of another message', () => {
    // @ts-expect-error an order has no such field
    expect(traceMessage(order, (message: { id: number }) => message.id)).toBeUndefined();
    // @ts-expect-error a text is no message
    expect(traceMessage('text', () => 1)).toBe(1);
  });
});

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
