/** One POST. */
export interface PostRequest {
  readonly url: string;
  readonly body: string | ArrayBuffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the request should outlive the page; the browser takes 64 KiB of such bodies at a time. */
  readonly keepalive: boolean;
  /**
   * Whether the page is left: the answer may come when it is gone or frozen, so it is waited for without a limit, and an
   * older browser's beacon is better than nothing. (It takes cookies along, so a collector of another origin must allow
   * credentials.)
   */
  readonly leaving: boolean;
}

/** What came back: status 0 when nothing did. */
export interface PostAnswer {
  readonly status: number;
  readonly retryAfter?: string | null;
}

/** Sends; never rejects. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

/**
 * Leaves a POST with the browser, which sends it when the page is gone, however it ends.
 *
 * @returns takes it back, and says whether it was sent before; `undefined` when the browser does not take it
 */
export type PostLater = (
  request: Pick<PostRequest, 'url' | 'body' | 'headers'>,
) => (() => boolean) | undefined;

/** A collector that has not answered by then is taken for dead. */
const TIMEOUT_MS = 10_000;

/**
 * Makes the agent's own way out, from the `fetch` that was there before it is patched: exports are never traced.
 *
 * @param window gives `fetch` and `navigator`
 */
export function createPost(window: Window & typeof globalThis): Post {
  const { Request, navigator } = window;
  const sendBeacon = navigator.sendBeacon?.bind(navigator);
  const fetch = window.fetch.bind(window);
  const canKeepAlive = 'keepalive' in Request.prototype;
  return async ({ url, body, headers, keepalive, leaving }) => {
    try {
      if (leaving && !canKeepAlive) {
        return {
          status: sendBeacon(url, new Blob([body], { type: headers['content-type']! })) ? 200 : 0,
        };
      }
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers,
        keepalive,
        signal: leaving ? null : AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, retryAfter: response.headers.get('retry-after') };
    } catch {
      return { status: 0 };
    }
  };
}

/** Chromium, from 135 on. */
interface WithFetchLater {
  readonly fetchLater?: (url: string, init: RequestInit) => { readonly activated: boolean };
}

/** Makes the way out after the end, where the browser has one. */
export function createPostLater(window: Window & typeof globalThis): PostLater | undefined {
  const fetchLater = (window as WithFetchLater).fetchLater?.bind(window);
  return (
    fetchLater &&
    ((request) => {
      try {
        const abort = new AbortController();
        // Without `activateAfter`: while the page lives, it sends what it has by itself and hears the answer.
        const result = fetchLater(request.url, { ...request, method: 'POST', signal: abort.signal });
        return () => {
          abort.abort();
          return result.activated;
        };
      } catch {
        // Too much for its quota, not allowed in this frame, or not to an address like this.
        return undefined;
      }
    })
  );
}
