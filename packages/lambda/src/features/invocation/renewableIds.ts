import { createIdSource } from '@clickspan/shared/ids';
import type { IdSource, RandomBytes } from '@clickspan/shared/ids';

/** Ids for spans that can be drawn afresh. */
export interface RenewableIds extends IdSource {
  /** Uses no random bytes that have been drawn before. */
  renew(): void;
}

/**
 * Makes a source of ids. Random bytes are drawn for many ids at a time; those that an environment has drawn before a
 * snapshot of it was taken would be the same in all that are restored from it.
 *
 * @param random fresh bytes of the platform, different also in two environments that are restored from one snapshot
 */
export function createRenewableIds(random: RandomBytes): RenewableIds {
  let ids = createIdSource(random);
  return {
    traceId: () => ids.traceId(),
    spanId: () => ids.spanId(),
    renew() {
      ids = createIdSource(random);
    },
  };
}
