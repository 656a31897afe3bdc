import type { Guard } from '../../platform/guard.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { Requests } from './trackRequests.ts';

/** What observing beacons needs. */
export interface BeaconsDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly requests: Requests;
  readonly exporter: { flushOnExit(leaving: boolean): void };
}

/**
 * Observes `navigator.sendBeacon`: a span for each, from the call to what the browser tells of the answer.
 *
 * @returns undoes it
 */
export function observeBeacons({ window, guard, requests, exporter }: BeaconsDeps): () => void {
  const { document } = window;
  return patchMethod(window.Navigator?.prototype, 'sendBeacon', (original, self, args) => {
    const request = guard(() => {
      const [address] = args;
      const url = toUrl(String(address), document.baseURI);
      return url && requests.start({ method: 'POST', url, callerTraceparent: null, canCarryHeaders: false });
    });
    let isQueued: unknown;
    try {
      isQueued = Reflect.apply(original, self, args);
      return isQueued;
    } finally {
      guard(() => {
        request?.sent();
        if (isQueued) request?.responded(0, null);
        else request?.failed('refused');
        // Beacons are for pages that go, and this one may come after our own last word.
        if (document.visibilityState === 'hidden') {
          requests.endAnswered();
          exporter.flushOnExit(false);
        }
      });
    }
  });
}

function toUrl(text: string, baseUrl: string): URL | undefined {
  try {
    return new URL(text, baseUrl);
  } catch {
    return undefined;
  }
}
