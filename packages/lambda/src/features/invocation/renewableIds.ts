import type { IdSource } from '@clickspan/shared/ids';

/** Ids for spans that can be drawn afresh. */
export interface RenewableIds extends IdSource {
  /** Uses no random digits that have been drawn before. */
  renew(): void;
  /** Draws more where not many are left, so that no caller waits for it. */
  readonly refill: () => void;
}

/** So many are drawn at a time: a call to the platform costs more than the digits. */
const POOL_DIGITS = 2048;
/** An invocation and some thirty calls. */
const LOW_DIGITS = 512;

/**
 * Makes a source of ids. Random digits are drawn for many ids at a time; those that an environment has drawn before a
 * snapshot of it was taken would be the same in all that are restored from it.
 *
 * @param random gives so many fresh hex digits of the platform, different also in two environments that are restored from
 *   one snapshot
 */
export function createRenewableIds(random: (digits: number) => string): RenewableIds {
  let pool = '';
  let at = 0;
  const draw = (): void => {
    pool = random(POOL_DIGITS);
    at = 0;
  };
  const take = (digits: number): string => {
    if (pool.length - at < digits) draw();
    const id = pool.slice(at, at + digits);
    at += digits;
    return /[^0]/.test(id) ? id : take(digits);
  };
  return {
    traceId: () => take(32),
    spanId: () => take(16),
    renew() {
      pool = '';
      at = 0;
    },
    refill() {
      if (pool.length - at < LOW_DIGITS) draw();
    },
  };
}
