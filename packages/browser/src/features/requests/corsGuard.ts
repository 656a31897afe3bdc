import type { Warn } from '../../platform/warn.ts';

/** As much of an address as the guard looks at. */
export type GuardedUrl = Pick<URL, 'origin' | 'pathname'>;

/** Keeps our headers from breaking requests to servers that refuse them. */
export interface CorsGuard {
  /** @param canResend whether the request could be sent again, should it be refused */
  mayStamp(url: GuardedUrl, canResend: boolean): boolean;
  /** Whether our headers could be why a request fails that carries them. */
  isInQuestion(url: GuardedUrl): boolean;
  /** Notes that a stamped request was answered. */
  answered(url: GuardedUrl): void;
  /** Notes that a stamped request, which cannot be sent again, has failed as one that is refused does. */
  failed(url: GuardedUrl): void;
  /**
   * Sends a stamped request, which has failed as one that is refused does, again where our headers may be the reason.
   *
   * @param call sends it without our headers
   * @param error why it has failed
   */
  resend(url: GuardedUrl, call: Resend, error: unknown): Promise<unknown>;
}

/** A request as it is sent again. */
export interface Resend {
  readonly send: () => Promise<Response>;
  /** Whether the page has given it up. */
  readonly isAborted: () => boolean;
}

/** What it needs of its surroundings. */
export interface CorsGuardDeps {
  readonly pageOrigin: string;
  readonly navigator: { readonly onLine: boolean };
  readonly now: () => number;
  readonly warn: Warn;
}

/** So long what refuses our headers is not stamped; then a request that can be sent again tries. */
const PARK_MS = 600_000;
/** The own origin is remembered path by path; of more paths nothing is sent again. */
const MAX_KEYS = 500;
const PROVEN = Infinity;
const IN_VAIN = 0;

/**
 * Makes the guard. An origin that has answered a stamped request never comes into question again, and neither does one
 * where sending again was in vain: an outage must not get more traffic (ADR 0006).
 */
export function createCorsGuard({ pageOrigin, navigator, now, warn }: CorsGuardDeps): CorsGuard {
  /** `PROVEN`, `IN_VAIN`, or until when it is parked. */
  const states = new Map<string, number>();
  /** Whether our headers turned out to be the reason. */
  const trials = new Map<string, Promise<boolean>>();
  const isOwn = (url: GuardedUrl): boolean => url.origin === pageOrigin;
  // One path of our own may lead elsewhere; that says nothing about the others.
  const toKey = (url: GuardedUrl): string => (isOwn(url) ? url.pathname : url.origin);
  const isFull = (url: GuardedUrl): boolean => states.size > MAX_KEYS && isOwn(url);
  const isInQuestion = (url: GuardedUrl): boolean =>
    navigator.onLine &&
    states.get(toKey(url)) !== PROVEN &&
    states.get(url.origin) !== IN_VAIN &&
    !isFull(url);
  const park = (url: GuardedUrl, refusing: string): void => {
    states.set(toKey(url), now() + PARK_MS);
    warn(
      `${refusing} refuses our headers and gets none for now. Let it answer with ` +
        'Access-Control-Allow-Headers: traceparent, tracestate',
    );
  };
  const judge = (url: GuardedUrl, response: Response): boolean => {
    const { origin } = new URL(response.url, url.origin);
    // What stayed within our own origin was not refused, only unlucky.
    const isRefused = origin !== pageOrigin;
    if (isRefused) park(url, origin);
    else states.set(toKey(url), PROVEN);
    return isRefused;
  };
  return {
    isInQuestion,
    mayStamp(url, canResend) {
      const until = states.get(toKey(url));
      return !until || until === PROVEN || (canResend && until < now());
    },
    answered(url) {
      if (!isFull(url)) states.set(toKey(url), PROVEN);
    },
    failed(url) {
      if (!isOwn(url) && isInQuestion(url)) park(url, url.origin);
    },
    async resend(url, { send, isAborted }, error) {
      const key = toKey(url);
      if (!isInQuestion(url)) throw error;
      // Another one is being sent again, and tells for all; or has been since this one was sent.
      const trial = trials.get(key);
      if (trial ? await trial : states.get(key)! > now()) return send();
      if (trial) throw error;
      const sent = send();
      trials.set(
        key,
        sent.then(
          (response) => judge(url, response),
          () => {
            if (!isAborted()) states.set(url.origin, IN_VAIN);
            return false;
          },
        ),
      );
      await trials.get(key);
      trials.delete(key);
      return sent;
    },
  };
}
