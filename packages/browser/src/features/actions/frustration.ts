import { patchMethod, type Replacement } from '../../platform/patchMethod.ts';
import type { Listen } from '../../platform/listen.ts';
import { CLICKABLE, EXPECTANT } from './elementName.ts';

/** Tells of a click the how-manieth in a row on the same thing or spot it is, if there are so many that somebody is angry. */
export type CountClicks = (click: MouseEvent) => number | undefined;

/** From how many clicks in a row on they are told. */
const MIN_RAGE_CLICKS = 3;
/** Clicks further apart than this are none in a row, in time and in space. */
const RAGE_MS = 1000;
const RAGE_PX = 30;
/** Where clicks in a row set the cursor, select, or choose. */
const FIELDS =
  'input:not([type=button],[type=submit],[type=reset],[type=image]),select,textarea,[contenteditable]';

/**
 * Makes the counter of clicks in a row. None are those that select text. What takes a browser's time is asked only when it
 * matters.
 */
export function createCountClicks(window: Window): CountClicks {
  let clicks: MouseEvent[] = [];
  return (click) => {
    const { target, timeStamp, clientX, clientY } = click;
    clicks = clicks.filter(
      (earlier) =>
        timeStamp - earlier.timeStamp < RAGE_MS &&
        (earlier.target === target ||
          Math.hypot(earlier.clientX - clientX, earlier.clientY - clientY) < RAGE_PX),
    );
    const isRage =
      clicks.push(click) >= MIN_RAGE_CLICKS &&
      window.getSelection()?.isCollapsed !== false &&
      !(target as Element).closest(FIELDS);
    return isRage ? clicks.length : undefined;
  };
}

/**
 * Whether a click is dead if nothing comes of it. In shadow trees and on canvases nothing can be seen to come of it, and what
 * a button draws may be elsewhere in the page.
 *
 * @param path the path of the click's event
 */
export function canBeDead(path: readonly EventTarget[]): boolean {
  const clickable = (path[0] as Element).closest(CLICKABLE);
  return (
    clickable?.matches(`:is(${EXPECTANT}):not(${FIELDS},[aria-disabled=true])`) === true &&
    !clickable.ownerDocument.querySelector('canvas') &&
    !path.some((node) => (node as Node).nodeType === 11 || (node as Element).localName?.includes('-'))
  );
}

/** Events by which something can come of a click beside requests and changes of the DOM. */
const EFFECTS =
  'scroll,focusin,input,toggle,play,pause,volumechange,copy,beforeprint,fullscreenchange,reset,resize,blur,visibilitychange,popstate';
/**
 * Calls that no event in the document tells of: sound and links need not be in it, as need not the link of a download or
 * the field of a file.
 */
const CALLS =
  'HTMLElement.click,HTMLMediaElement.play,HTMLMediaElement.pause,AudioScheduledSourceNode.start,AudioBufferSourceNode.start,AudioContext.resume,Clipboard.write,Clipboard.writeText';

/**
 * Tells of all by which something can come of a click beside requests and changes of the DOM.
 *
 * @returns end it
 */
export function observeEffects(
  window: Window & typeof globalThis,
  listen: Listen,
  onEffect: () => void,
): (() => void)[] {
  const { navigation } = window as { navigation?: EventTarget };
  const types = window as unknown as Record<string, { readonly prototype: object } | undefined>;
  const replacement: Replacement = (original, self, args) => {
    onEffect();
    return Reflect.apply(original, self, args);
  };
  return [
    ...EFFECTS.split(',').map((type) => listen(window, type, onEffect)),
    navigation ? listen(navigation, 'navigate', onEffect) : () => {},
    patchMethod(window, 'open', replacement),
    ...CALLS.split(',').map((call) => {
      const [type, name] = call.split('.') as [string, string];
      return patchMethod(types[type]?.prototype, name, replacement);
    }),
  ];
}
