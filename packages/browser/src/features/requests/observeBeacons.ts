import type { MovableClock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { ParseUrl } from '../../platform/parseUrl.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { Requests } from './trackRequests.ts';

/** What observing beacons needs. */
export interface BeaconsDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly clock: MovableClock;
  readonly parseUrl: ParseUrl;
  readonly requests: Requests;
  readonly exporter: { flushOnExit(leaving: boolean): void };
}

/**
 * Observes `navigator.sendBeacon`: a span for each that the browser does not throw at, from the call to what the browser
 * tells of the answer.
 *
 * @returns undoes it
 */
export function observeBeacons(deps: BeaconsDeps): () => void {
  const { window, guard, clock, parseUrl } = deps;
  return patchMethod(window.Navigator?.prototype, 'sendBeacon', (original, self, args) => {
    const startUnixMs = guard(clock.now);
    const isQueued = Reflect.apply(original, self, args);
    guard(() => {
      const { requests, exporter } = deps;
      const url = parseUrl(String(args[0]));
      const request = clock.at(startUnixMs, () => requests.start({ method: 'POST', url }));
      request?.sent();
      if (isQueued) request?.responded();
      else request?.failed('refused');
      // Beacons are for pages that go, and this one may come after our own last word.
      if (window.document.visibilityState === 'hidden') {
        requests.endAnswered();
        exporter.flushOnExit(false);
      }
    });
    return isQueued;
  });
}
