/** How many environments may live on this machine at once, over all functions. */
export interface EnvironmentBudget {
  /** Asks for room for one more. When there is none, the environment idle for longest is ended to make some. */
  take(): boolean;
  /** One has ended. */
  giveBack(): void;
  /** This one is idle and may be ended to make room. */
  offer(key: object, evict: () => void): void;
  /** This one is in use again, or has ended. */
  withdraw(key: object): void;
}

/**
 * Makes the budget.
 *
 * @param most the limit, 1 and more
 */
export function createEnvironmentBudget(most: number): EnvironmentBudget {
  // A Map keeps its order: the first is idle for longest.
  const idle = new Map<object, () => void>();
  let used = 0;
  return {
    take: () => {
      if (used >= most) {
        const longest = idle.entries().next().value;
        if (!longest) return false;
        idle.delete(longest[0]);
        longest[1]();
      }
      used++;
      return true;
    },
    giveBack: () => {
      used--;
    },
    offer: (key, evict) => {
      idle.set(key, evict);
    },
    withdraw: (key) => {
      idle.delete(key);
    },
  };
}
