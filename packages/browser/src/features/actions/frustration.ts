import { patchMethod } from '../../platform/patchMethod.ts';
import type { Listen } from '../../platform/listen.ts';
import { CLICKABLE } from './elementName.ts';

/** Counts the clicks in a row on the same thing or spot. */
export type CountClicks = (click: MouseEvent) => number;

/** Clicks further apart than this are none in a row, in time and in space. */
const RAGE_MS = 1000;
const RAGE_PX = 30;
/** Where clicks in a row set the cursor, select, or choose. */
const FIELDS =
  'input:not([type=button],[type=submit],[type=reset],[type=image]),select,textarea,[contenteditable]';
/** What should do something when it is clicked, and does nothing of itself. */
const EXPECTANT = 'a,button,input,[role=button],[role=link],[role=tab],[role=menuitem]';

/**
 * Makes the counter of clicks in a row. Clicks that select text are none.
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
    if (window.getSelection()?.isCollapsed !== false && !(target as Element).closest(FIELDS))
      clicks.push(click);
    return clicks.length;
  };
}

/**
 * Whether a click is dead if nothing comes of it. In shadow trees nothing can be seen to come of it.
 *
 * @param path the path of the click's event
 */
export function canBeDead(path: readonly EventTarget[]): boolean {
  const clickable = (path[0] as Element).closest(CLICKABLE);
  return (
    clickable?.matches(EXPECTANT) === true &&
    !clickable.matches(`${FIELDS},[aria-disabled=true]`) &&
    !path.some((node) => (node as Node).nodeType === 11 || (node as Element).localName?.includes('-'))
  );
}

/** Events by which something can come of a click beside requests and changes of the DOM. */
const EFFECTS =
  'scroll,focusin,input,change,toggle,play,pause,submit,invalid,reset,copy,resize,blur,visibilitychange,popstate,hashchange';

/**
 * Tells of all by which something can come of a click beside requests and changes of the DOM.
 *
 * @returns ends it
 */
export function observeEffects(
  window: Window & typeof globalThis,
  listen: Listen,
  onEffect: () => void,
): () => void {
  const { navigation } = window as { navigation?: EventTarget };
  const stops = EFFECTS.split(',').map((type) => listen(window, type, onEffect));
  if (navigation) stops.push(listen(navigation, 'navigate', onEffect));
  // What these do leaves no trace in the page: the link of a download or the field of a file need not be in the document.
  const methods: [object | undefined, string][] = [
    [window.HTMLElement.prototype, 'click'],
    [window, 'open'],
    [window.Clipboard?.prototype, 'writeText'],
    [window.Clipboard?.prototype, 'write'],
  ];
  for (const [owner, name] of methods) {
    stops.push(
      patchMethod(owner, name, (original, self, args) => {
        onEffect();
        return Reflect.apply(original, self, args);
      }),
    );
  }
  return () => stops.forEach((stop) => stop());
}
