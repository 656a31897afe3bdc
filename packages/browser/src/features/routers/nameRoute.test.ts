// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAgentSlot } from '../../platform/agentSlot.ts';
import { nameRoute } from './nameRoute.ts';

const slot = createAgentSlot<{ setRoute(pattern: string): void }>(window);
afterEach(() => slot.set(undefined));

describe('nameRoute', () => {
  it.each([
    [['/', 'orders', ':id'], '/orders/:id'],
    [['/orders/:id'], '/orders/:id'],
    [['/shop', '/shop/orders/:id'], '/shop/orders/:id'],
    [[undefined, 'orders/', undefined, ''], '/orders'],
    [['files', '*'], '/files/*'],
    [['/'], '/'],
    [[], '/'],
  ])('makes one pattern of %j', (parts, pattern) => {
    const setRoute = vi.fn();
    slot.set({ setRoute });
    nameRoute(parts);
    expect(setRoute.mock.calls).toEqual([[pattern]]);
  });

  it('does nothing without an agent', () => {
    expect(() => nameRoute(['/'])).not.toThrow();
  });
});
