import { describe, expect, it } from 'vitest';
import { createEnvironmentBudget } from './environmentBudget.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "Concurrent executions", over all functions.
// That the environment idle for longest makes room is ours.

describe('a budget of environments', () => {
  it('gives no more than it has, and again what is given back', () => {
    const budget = createEnvironmentBudget(2);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
    budget.giveBack();
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });

  it('ends the environment idle for longest to make room, and none that is in use again', () => {
    const budget = createEnvironmentBudget(3);
    const ended: string[] = [];
    const keys = ['first', 'second', 'third'].map((name) => ({ name }));
    for (const key of keys) {
      budget.take();
      budget.offer(key, () => {
        ended.push(key.name);
        budget.giveBack();
      });
    }
    budget.withdraw(keys[0]!);
    expect([budget.take(), ended]).toEqual([true, ['second']]);
    expect([budget.take(), ended]).toEqual([true, ['second', 'third']]);
    expect([budget.take(), ended]).toEqual([false, ['second', 'third']]);
  });
});
