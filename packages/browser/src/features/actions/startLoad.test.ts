import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createTracerProvider, type EndedSpan } from '@clickspan/shared/tracer';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createCurrentContext, type CurrentContext } from '../context/currentContext.ts';
import { createActions, type Actions } from './actions.ts';
import { startLoad } from './startLoad.ts';

let time: FakeTime;
let current: CurrentContext;
let actions: Actions;
let ended: EndedSpan[];
let events: Record<string, () => void>;
let location: { href: string; pathname: string; hash: string };

/** Starts the load in a page that is still loading, or has loaded. */
function start(readyState: 'loading' | 'complete' = 'loading'): void {
  const page = {
    MutationObserver: class {
      observe(): void {}
      disconnect(): void {}
    },
    document: { readyState, querySelector: () => null },
    performance: {
      getEntriesByType: () => [{ type: 'navigate', loadEventEnd: time.now() - 100 }],
    },
    location,
  };
  const window = page as unknown as Window & typeof globalThis;
  const clock = { now: time.now, fromTimeStamp: (ms: number) => ms };
  const guard = <T>(run: () => T): T => run();
  const { after } = time;
  current = createCurrentContext({
    createTaskEnd: (run) => () => void after(0, run),
    afterMicrotasks: (run) => queueMicrotask(run),
    onTaskEnd: (context) => actions.endTask(context),
  });
  let ids = 1;
  const nextId = (length: number): string => String(ids++).padStart(length, '0');
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => nextId(32), spanId: () => nextId(16) },
    activeContext: current.get,
    runWith: (_context, run) => run(),
    describe: () => ({}),
    onEnd: (span) => ended.push(span),
  }).getTracer('test');
  const options = { beforeAction: undefined };
  actions = createActions({ window, tracer, clock, after, guard, current, options });
  const listen = (_target: EventTarget, type: string, handle: (event: Event) => void): (() => void) => {
    events[type] = () => handle(new Event(type));
    return () => {};
  };
  startLoad({ window, guard, listen, clock, after, actions, current });
}

const typeNow = (): string | undefined => actions.of(current.get())?.type;

beforeEach(() => {
  time = createFakeTime();
  ended = [];
  events = {};
  location = { href: 'https://page.example/orders', pathname: '/orders', hash: '' };
});

describe('the load of a page that is still loading', () => {
  it('is the cause of what the page asks for at once', () => {
    start();
    expect(typeNow()).toBe('load');
  });

  it('begins by itself in the next task', async () => {
    start();
    expect(actions.at(Infinity)).toBeUndefined();
    await time.advance(1);
    expect(actions.at(Infinity)?.type).toBe('load');
  });

  it('comes before what the user does in the next task', () => {
    start();
    current.enter(ROOT_CONTEXT);
    actions.start({ type: 'click', name: 'x', startUnixMs: time.now(), isTrusted: true, isTask: true });
    expect(actions.at(Infinity)?.type).toBe('click');
  });

  it('is named by where it began, wherever the page has gone since', async () => {
    start();
    Object.assign(location, { href: 'https://page.example/login', pathname: '/login' });
    expect(typeNow()).toBe('load');
    events['load']!();
    await time.advance(1000);
    expect(ended[0]).toMatchObject({
      name: 'load /orders',
      attributes: { 'browser.document.url.full': 'https://page.example/orders' },
    });
  });

  it('is the cause of what the page does when it has loaded, also without a task in between', async () => {
    start();
    events['load']!();
    expect(typeNow()).toBe('load');
    await time.advance(1000);
    expect(ended).toHaveLength(1);
    expect(typeNow()).toBeUndefined();
  });
});

describe('the load of a page that has loaded', () => {
  it('ends with the load and is the cause of nothing more', async () => {
    start('complete');
    expect(typeNow()).toBeUndefined();
    await time.advance(1000);
    expect(ended[0]!.endUnixMs).toBe(time.now() - 1100);
  });
});
