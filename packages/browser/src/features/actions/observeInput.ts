import type { Context } from '@opentelemetry/api';
import { CLICKSPAN_ACTION_DEAD_CLICK, CLICKSPAN_ACTION_RAGE_CLICKS } from '@clickspan/shared/attributes';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { AfterLoad } from '../../platform/afterLoad.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Listen } from '../../platform/listen.ts';
import type { Action, ActionInit, Actions, ActionType } from './actions.ts';
import { toElementName } from './elementName.ts';
import { canBeDead, createCountClicks, observeEffects } from './frustration.ts';

/** The part of the current context that actions use. */
export interface ActionContext {
  get(): Context;
  enter(context: Context, counts?: boolean): void;
  leave(): void;
  resume(context: Context, counts?: boolean): void;
  setBase(context: Context): void;
}

/** What observing input needs. */
export interface InputDeps {
  readonly window: Window & typeof globalThis;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly afterLoad: AfterLoad;
  readonly actions: Actions;
  readonly current: ActionContext;
}

/** Events with which something new from the user begins; what came before is not their cause, the load included. */
const BEGINNINGS: readonly string[] = ['pointerdown', 'pointerup', 'keydown'];
/** Input that comes by the way. Browsers hand it to a busy page before any other task, the one that clears included. */
const PASSING: readonly string[] = ['pointerover', 'pointerout', 'pointermove', 'keyup', 'wheel'];
/** With Enter in one of these the user writes on. */
const WRITTEN = 'textarea,[contenteditable]';
/** How long something may take to come of a click. */
const DEAD_WAIT_MS = 1000;
/** A click whose task lasted longer did something, and be it to ask the user. */
const MAX_DEAD_MS = 200;

/**
 * Makes an action of each click, submit and Enter, by listeners at the window that come before all others: they set the
 * context for the whole dispatch, so the page's listeners need no wrapping. Of Enter on a button or in a form, and of what
 * a script does within a click, one action is made.
 *
 * @returns undoes it
 */
export function observeInput(deps: InputDeps): () => void {
  const { window, listen, clock, afterLoad, current } = deps;
  const countClicks = createCountClicks(window);
  /** Many listeners for one mark: until they are there, no click is called dead. */
  let seesEffects = false;
  /** The action of the last Enter, and where it was; what follows within the keystroke tells what it is. */
  let stroke: Action | undefined;
  let strokeTarget: unknown;

  const begin = (
    event: Event,
    target: Element,
    init: Pick<ActionInit, 'type' | 'attributes' | 'onEnd' | 'onQuiet'>,
    prefix = '',
  ): Action | undefined => {
    const { isTrusted } = event;
    const action = deps.actions.start({
      ...init,
      target,
      name: prefix + toElementName(target),
      startUnixMs: Math.min(clock.fromTimeStamp(event.timeStamp), clock.now()),
      isTrusted,
      isTask: true,
    });
    const context = action?.context ?? ROOT_CONTEXT;
    current.setBase(ROOT_CONTEXT);
    // What the user does is a task of its own; what a script makes is nested in whatever runs, and so may a submit be.
    if (isTrusted && init.type !== 'submit') current.enter(context, true);
    else current.resume(context, true);
    return action;
  };
  /** Whether what comes now is a part of an action of the user that goes on. Of the last Enter it tells what that is. */
  const joins = (type: ActionType, target: Element, isWithinStroke: boolean): boolean => {
    const { actions } = deps;
    const running = actions.of(current.get());
    if (!running?.isInput || !running.isOpen) return false;
    actions.stirs++;
    if (running === stroke && isWithinStroke) running.become({ type, name: toElementName(target), target });
    return true;
  };

  const onClick = (event: MouseEvent): void => {
    const path = event.composedPath();
    const target = path[0];
    if (!isElement(target) || joins('click', target, target === strokeTarget)) return;
    // By a pointer, and not by a key or a script.
    const isPointed = event.isTrusted && event.detail > 0;
    const mayBeDead = isPointed && seesEffects;
    const { actions } = deps;
    const { stirs } = actions;
    begin(event, target, {
      type: 'click',
      attributes: { [CLICKSPAN_ACTION_RAGE_CLICKS]: isPointed ? countClicks(event) : undefined },
      onQuiet({ hasEffect, startUnixMs, span }, lastUnixMs) {
        if (!mayBeDead || hasEffect || stirs < actions.stirs || lastUnixMs - startUnixMs >= MAX_DEAD_MS)
          return undefined;
        const isLink = !event.defaultPrevented && target.closest('a[href]');
        if (isLink || !canBeDead(path)) return undefined;
        const leftMs = startUnixMs + DEAD_WAIT_MS - clock.now();
        if (leftMs > 0) return leftMs;
        span.setAttribute(CLICKSPAN_ACTION_DEAD_CLICK, true);
        return undefined;
      },
    });
  };

  const onSubmit = (event: SubmitEvent): void => {
    const target = event.submitter ?? (event.target as Element);
    if (!joins('submit', target, true)) begin(event, target, { type: 'submit' });
  };

  const listenTo = (types: readonly string[], handle: (event: Event) => void): (() => void)[] =>
    types.map((type) =>
      listen(window, type, (event) => {
        if (event.isTrusted) handle(event);
      }),
    );
  const stops: (() => void)[] = [
    ...listenTo(BEGINNINGS, () => current.enter(ROOT_CONTEXT)),
    ...listenTo(PASSING, () => current.leave()),
    ...listenTo(['keydown'], (event) => {
      const { key, repeat, isComposing } = event as KeyboardEvent;
      const [target] = event.composedPath();
      stroke = undefined;
      if (key !== 'Enter' || repeat || isComposing || !isElement(target)) return;
      strokeTarget = target;
      stroke = begin(
        event,
        target,
        {
          type: 'key',
          onEnd: ({ type, requests, hasEffect }) =>
            type !== 'key' || requests > 0 || (hasEffect && !target.closest(WRITTEN)),
        },
        'Enter ',
      );
    }),
    // A task of its own, with the click or submit that the browser makes of Enter.
    ...listenTo(['keypress'], () => {
      if (stroke?.isOpen) current.enter(stroke.context, true);
    }),
    listen(window, 'click', (event) => onClick(event as MouseEvent)),
    listen(window, 'submit', (event) => onSubmit(event as SubmitEvent)),
    afterLoad(() => {
      seesEffects = true;
      stops.push(...observeEffects(window, listen, () => deps.actions.stirs++));
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

function isElement(target: unknown): target is Element {
  return (target as Node | undefined)?.nodeType === 1;
}
