import type { LiveTraces } from '../../api/types.ts';

/** `connecting` before the first answer, `live` while events flow, `away` while the console cannot be reached. */
export type LiveState = 'connecting' | 'live' | 'away';

/** What has changed in the store. */
export interface LiveChange {
  readonly traceIds: ReadonlySet<string>;
  /** True when any trace may have changed: too many to name them, or the stream was cut for a while. */
  readonly anything: boolean;
}

/** The console's stream of changes. */
export interface LiveStream {
  readonly state: LiveState;
  /** @returns a way to end the subscription */
  readonly subscribe: (listener: (change: LiveChange) => void) => () => void;
  readonly stop: () => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
const EVERYTHING: LiveChange = { traceIds: new Set(), anything: true };

/**
 * Listens to `/api/live`. It connects again by itself, and tells its subscribers that anything may have changed when it
 * has been cut off. A hidden page lets go of its connection: browsers allow six to an origin, and readers open many tabs.
 */
export function startLiveStream(): LiveStream {
  let state = $state<LiveState>('connecting');
  const listeners = new Set<(change: LiveChange) => void>();
  let source: EventSource | undefined;
  let retryMs = FIRST_RETRY_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let missedSome = false;

  const tell = (change: LiveChange): void => {
    for (const listener of listeners) listener(change);
  };
  const close = (): void => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
    missedSome = true;
  };
  const open = (): void => {
    close();
    const opened = new EventSource('/api/live');
    source = opened;
    opened.addEventListener('open', () => {
      state = 'live';
      retryMs = FIRST_RETRY_MS;
      // The first time too: what was read before the stream stood may have changed meanwhile.
      if (missedSome) tell(EVERYTHING);
      missedSome = false;
    });
    opened.addEventListener('traces', (event) => {
      const change = parseChange(event.data);
      if (change) tell(change);
    });
    // The browser's own reconnecting gives up for good on an answer like 503.
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      close();
      state = 'away';
      retry = setTimeout(open, retryMs);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    });
  };
  const onVisibility = (): void => {
    if (document.hidden) close();
    else if (!source) open();
  };
  const onOnline = (): void => {
    if (state === 'away' && !document.hidden) open();
  };
  document.addEventListener('visibilitychange', onVisibility);
  addEventListener('online', onOnline);
  if (!document.hidden) open();
  return {
    get state() {
      return state;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      close();
      document.removeEventListener('visibilitychange', onVisibility);
      removeEventListener('online', onOnline);
    },
  };
}

function parseChange(data: unknown): LiveChange | undefined {
  try {
    const { traceIds, more } = JSON.parse(String(data)) as Partial<LiveTraces>;
    if (!Array.isArray(traceIds)) return EVERYTHING;
    return { traceIds: new Set(traceIds as readonly string[]), anything: more === true };
  } catch {
    return undefined;
  }
}
