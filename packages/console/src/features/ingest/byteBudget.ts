/** A number of bytes that many share. */
export interface ByteBudget {
  /** Takes bytes if there are as many left. */
  readonly take: (bytes: number) => boolean;
  readonly give: (bytes: number) => void;
  readonly usedBytes: () => number;
}

/** Creates a budget from which nothing is taken yet. */
export function createByteBudget(maxBytes: number): ByteBudget {
  let usedBytes = 0;
  return {
    take(bytes: number): boolean {
      if (usedBytes + bytes > maxBytes) return false;
      usedBytes += bytes;
      return true;
    },
    give(bytes: number): void {
      usedBytes -= bytes;
    },
    usedBytes: () => usedBytes,
  };
}
