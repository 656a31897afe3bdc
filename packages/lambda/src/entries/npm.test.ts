import { describe, expect, expectTypeOf, it } from 'vitest';
import { traceMessage } from './npm.ts';

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
