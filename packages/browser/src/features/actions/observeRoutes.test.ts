// @vitest-environment jsdom
import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createTracerProvider, toExceptionAttributes, type EndedSpan } from '@clickspan/shared/tracer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import type { AfterLoad } from '../../platform/afterLoad.ts';
import type { Guard } from '../../platform/guard.ts';
import { createListen } from '../../platform/listen.ts';
import { createActions, type Action, type Actions } from './actions.ts';
import type { ActionContext } from './observeInput.ts';
import { observeRoutes } from './observeRoutes.ts';

// jsdom has no Navigation API, so this is what older browsers do.

let time: FakeTime;
let ended: EndedSpan[];
let actions: Actions;
let context: Context;
let stops: (() => void)[];

beforeEach(() => {
  history.replaceState(null, '', '/start');
  time = createFakeTime();
  ended = [];
  context = ROOT_CONTEXT;
  let id = 0;
  const nextId = (): string => (++id).toString(16).padStart(16, '0');
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => nextId().repeat(2), spanId: nextId },
    activeContext: () => context,
    runWith: (_context, run) => run(),
    describe: toExceptionAttributes,
    onEnd: (span) => ended.push(span),
  }).getTracer('test');
  const clock = { now: time.now, fromTimeStamp: (ms: number) => ms };
  const set = (next: Context): void => {
    context = next;
    time.after(0, () => actions.endTask(next));
  };
  const nothing = (): void => {};
  const current: ActionContext = {
    get: () => context,
    enter: set,
    leave: nothing,
    resume: set,
    setBase: nothing,
  };
  const guard: Guard = (run) => run();
  const options = { beforeAction: undefined };
  actions = createActions({ window, tracer, clock, after: time.after, guard, current, options });
  const afterLoad: AfterLoad = (run) => {
    run();
    return nothing;
  };
  stops = observeRoutes({ window, listen: createListen(guard), guard, clock, afterLoad, actions, current });
});

const stop = (): void => stops.forEach((undo) => undo());

afterEach(stop);

const startClick = (): Action => {
  const action = actions.start({ type: 'click', name: 'x', startUnixMs: time.now(), isTrusted: true })!;
  context = action.context;
  return action;
};

describe('routes without the Navigation API', () => {
  it('are actions when the page changes its address, and become current', async () => {
    history.pushState(null, '', '/orders/17?tab=secret');
    expect(actions.of(context)?.type).toBe('route');
    await time.advance(1000);
    expect(ended.map(({ name }) => name)).toEqual(['route /orders/{id}']);
    expect(ended[0]!.attributes['browser.document.url.full']).toBe('http://localhost:3000/orders/{id}?tab=*');
  });

  it('are named by the path in the fragment where the page keeps it there', async () => {
    history.pushState(null, '', '#/orders/17?tab=secret');
    await time.advance(1000);
    history.pushState(null, '', '#!/orders');
    await time.advance(1000);
    expect(ended.map(({ name }) => name)).toEqual(['route /orders/{id}', 'route /orders']);
    expect(ended[0]!.attributes['browser.document.url.full']).toBe('http://localhost:3000/start');
  });

  it('are none when the address stays', async () => {
    history.replaceState({ scroll: 10 }, '');
    history.pushState(null, '', '/start');
    await time.advance(1000);
    expect(ended).toEqual([]);
  });

  it('belong to the action that is open', async () => {
    startClick();
    history.pushState(null, '', '/orders');
    await time.advance(1000);
    expect(ended.map(({ name }) => name)).toEqual(['click x']);
    expect(ended[0]!.events).toMatchObject([{ name: 'route', attributes: { 'url.path': '/orders' } }]);
  });

  it('point to the action that caused them when that is over', async () => {
    const click = startClick();
    await time.advance(1000);
    history.pushState(null, '', '/orders');
    await time.advance(1000);
    expect(ended[1]!.links.map((link) => link.context.traceId)).toEqual([click.spanContext.traceId]);
    expect(ended[1]!.context.traceId).not.toBe(click.spanContext.traceId);
  });

  it('through the history are actions of their own, whatever is open', async () => {
    startClick();
    history.pushState(null, '', '/orders');
    expect(actions.of(context)?.type).toBe('click');
    const popped = new Promise((done) => window.addEventListener('popstate', done, { once: true }));
    history.back();
    // The task of the click is over.
    context = ROOT_CONTEXT;
    await popped;
    expect(actions.of(context)?.type).toBe('route');
  });

  it('belong to the action that is open when its task follows a link to a fragment', async () => {
    startClick();
    const popped = new Promise((done) => window.addEventListener('popstate', done, { once: true }));
    location.hash = '#/orders';
    await popped;
    await time.advance(1000);
    expect(ended.map(({ name }) => name)).toEqual(['click x']);
    expect(ended[0]!.events).toMatchObject([{ name: 'route', attributes: { 'url.path': '/orders' } }]);
  });

  it('are not observed any more when stopped', async () => {
    stop();
    history.pushState(null, '', '/orders');
    await time.advance(1000);
    expect(ended).toEqual([]);
  });
});
