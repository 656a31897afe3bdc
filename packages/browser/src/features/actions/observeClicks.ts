import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { Clock } from '../../platform/clock.ts';
import type { Listen } from '../../platform/listen.ts';
import type { Action, Actions } from './actions.ts';
import { toClickName } from './clickName.ts';

/** The part of the current context that actions use. */
export interface ActionContext {
  get(): Context;
  enter(context: Context, counts?: boolean): void;
  leave(): void;
  resume(context: Context, counts?: boolean): void;
  setBase(context: Context): void;
}

/** What observing clicks needs. */
export interface ClicksDeps {
  readonly window: Window;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly actions: Actions;
  readonly current: ActionContext;
}

/** Events with which something new from the user begins; what came before is not their cause, the load included. */
const INPUT_BEGINNINGS: readonly string[] = ['pointerdown', 'pointerup', 'keydown'];
/** Input that comes by the way. Browsers hand it to a busy page before any other task, the one that clears included. */
const PASSING_INPUTS: readonly string[] = ['pointerover', 'pointerout', 'pointermove', 'keyup', 'wheel'];

/**
 * Makes an action of each click, by one listener at the window that comes before all others: it sets the context for the
 * whole dispatch, so the page's listeners need no wrapping.
 *
 * @returns undoes it
 */
export function observeClicks({ window, listen, clock, actions, current }: ClicksDeps): () => void {
  const listenTo = (types: readonly string[], begin: () => void): (() => void)[] =>
    types.map((type) =>
      listen(window, type, (event) => {
        if (event.isTrusted) begin();
      }),
    );
  const stops = [
    ...listenTo(INPUT_BEGINNINGS, () => current.enter(ROOT_CONTEXT)),
    ...listenTo(PASSING_INPUTS, () => current.leave()),
  ];
  const stopClicks = listen(window, 'click', (event) => {
    const target = event.composedPath()[0];
    if (!isElement(target) || isEffectOf(actions.of(current.get()))) return;
    const action = actions.start({
      type: 'click',
      name: `click ${toClickName(target)}`,
      startUnixMs: Math.min(clock.fromTimeStamp(event.timeStamp), clock.now()),
      isTrusted: event.isTrusted,
    });
    current.setBase(ROOT_CONTEXT);
    // A click that the user made is a task of its own; one that a script makes is nested in whatever runs.
    if (event.isTrusted) current.enter(action.context, true);
    else current.resume(action.context, true);
  });
  return () => [...stops, stopClicks].forEach((stop) => stop());
}

/**
 * A click while a click of the user runs is part of it: the click on a field that follows the one on its label, or one
 * that the page makes by script.
 */
function isEffectOf(action: Action | undefined): boolean {
  return action?.type === 'click' && action.isTrusted && action.isOpen();
}

function isElement(target: unknown): target is Element {
  return (target as Node | undefined)?.nodeType === 1;
}
