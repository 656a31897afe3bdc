import type { Attributes, SpanContext } from '@opentelemetry/api';
import { onCLS } from 'web-vitals/onCLS.js';
import { onFCP } from 'web-vitals/onFCP.js';
import { onINP } from 'web-vitals/onINP.js';
import { onLCP } from 'web-vitals/onLCP.js';
import { onTTFB } from 'web-vitals/onTTFB.js';
import {
  BROWSER_DOCUMENT_URL,
  BROWSER_WEB_VITAL_DELTA,
  BROWSER_WEB_VITAL_ID,
  BROWSER_WEB_VITAL_NAME,
  BROWSER_WEB_VITAL_NAVIGATION_TYPE,
  BROWSER_WEB_VITAL_RATING,
  BROWSER_WEB_VITAL_VALUE,
  CLICKSPAN_ACTION_INP_MS,
} from '@clickspan/shared/attributes';
import { maskUrl } from '@clickspan/shared/masking';
import type { AfterLoad } from '../../platform/afterLoad.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import { observeEntries } from '../../platform/performanceEntries.ts';

/** What observing web vitals needs. */
export interface VitalsDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly afterLoad: AfterLoad;
  readonly actions: { at(unixMs: number): VitalAction | undefined };
  readonly emit: (record: {
    readonly unixMs: number;
    readonly eventName: string;
    readonly attributes: Attributes;
    readonly spanContext: SpanContext | undefined;
  }) => void;
}

/** The part of an action that vitals use. */
interface VitalAction {
  readonly startUnixMs: number;
  readonly spanContext: SpanContext;
  readonly span: { setAttribute(key: string, value: number): unknown };
}

/** What the library tells. (Names that are declared here and are not the browser's are shortened in the library, too.) */
export interface Vital {
  readonly name: string;
  readonly value: number;
  readonly delta: number;
  readonly id: string;
  readonly rating: string;
  /** Only INP has them. */
  readonly entries: readonly InputEntry[];
  readonly navigationType: string;
  readonly navigationStartTime?: number;
  readonly navigationInteractionId?: number;
  readonly navigationURL?: string;
}

/** An input of the user, as the browser has timed it: from its time stamp to the frame that shows what came of it. */
interface InputEntry extends PerformanceEntry {
  /** The same for all events of one interaction; 0 for those of none. */
  readonly interactionId?: number;
}

/** So many interactions and navigations are known by their actions: the slowest interaction is told when the page goes. */
const MAX_KNOWN = 100;
/** Time stamps are coarse, and not everywhere in the same way. */
const TOLERANCE_MS = 1;

/**
 * Records the web vitals of the page, and of each soft navigation, by the library `web-vitals`: each with the action that
 * it belongs to, which is the load, the input that led to the soft navigation, or for INP the slowest input. Each action
 * of an input tells its own, too.
 *
 * @returns undoes it
 */
export function observeVitals(deps: VitalsDeps): () => void {
  const { window, guard, clock, afterLoad, emit } = deps;
  const relay: Relay = {};
  let stopInputs = (): void => {};
  /** By interaction, how long its slowest event took, and the action that one of them began. */
  const inputs = new Map<number, { readonly ms: number; readonly spanContext: SpanContext | undefined }>();
  /** By the time at which a navigation began. */
  const navigations = new Map<number, SpanContext | undefined>();

  const at = (timeStampMs: number): VitalAction | undefined => {
    const unixMs = clock.fromTimeStamp(timeStampMs);
    const action = deps.actions.at(unixMs + TOLERANCE_MS);
    return action && unixMs - action.startUnixMs < TOLERANCE_MS ? action : undefined;
  };
  const keep = <T>(map: Map<number, T>, key: number, value: T): void => {
    map.set(key, value);
    if (map.size > MAX_KNOWN) map.delete(map.keys().next().value!);
  };

  const onInput = (entry: PerformanceEntry): void => {
    const { interactionId, startTime, duration } = entry as InputEntry;
    if (!interactionId) return;
    const known = inputs.get(interactionId);
    const action = at(startTime);
    const ms = Math.max(duration, known?.ms ?? 0);
    action?.span.setAttribute(CLICKSPAN_ACTION_INP_MS, ms);
    keep(inputs, interactionId, { ms, spanContext: action?.spanContext ?? known?.spanContext });
  };

  const onVital = (vital: Vital): void => {
    const { name, value, delta, id, rating, entries, navigationType, navigationURL } = vital;
    const [navigation] = window.performance.getEntriesByType('navigation');
    const begin = vital.navigationStartTime || (navigation?.activationStart ?? 0);
    if (!navigations.has(begin)) keep(navigations, begin, at(begin)?.spanContext);
    emit({
      unixMs: clock.now(),
      eventName: 'browser.web_vital',
      spanContext:
        name === 'INP' ? inputs.get(entries[0]?.interactionId ?? 0)?.spanContext : navigations.get(begin),
      attributes: {
        [BROWSER_WEB_VITAL_NAME]: name.toLowerCase(),
        [BROWSER_WEB_VITAL_VALUE]: value,
        [BROWSER_WEB_VITAL_DELTA]: delta,
        [BROWSER_WEB_VITAL_ID]: id,
        [BROWSER_WEB_VITAL_RATING]: rating,
        [BROWSER_WEB_VITAL_NAVIGATION_TYPE]: navigationType,
        [BROWSER_DOCUMENT_URL]: maskUrl(new URL(navigationURL ?? window.location.href)),
      },
    });
  };

  const stopWaiting = afterLoad(() => {
    stopInputs = observeEntries(window, guard, 'event', onInput).stop;
    relay.tell = (vital) => guard(() => onVital(vital));
    for (const observe of [onTTFB, onFCP, onLCP, onCLS, onINP]) observe(tell.bind(relay));
  });
  return () => {
    delete relay.tell;
    stopWaiting();
    stopInputs();
  };
}

/** What the library calls: it has no way to stop, and keeps its observers for the life of the page. */
interface Relay {
  /** Absent when nobody listens any more; then nothing of the agent is kept with them. */
  tell?: (vital: Vital) => void;
}

/** Bound, not nested: functions hold on to whatever is around them. */
function tell(this: Relay, vital: Vital): void {
  this.tell?.(vital);
}
