import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMapStore, type MapStore } from '../../../../../test/support/mapStore.ts';
import { createSession, type Session, type SessionEvent } from './session.ts';

const MINUTE_MS = 60_000;
const NOTHING: MapStore = { get: () => null, set: () => false, remove: () => {}, keys: () => [] };

/** Pages of one origin, on one clock. */
function createOrigin(options: { sampleRatio?: number } = {}, local: MapStore = createMapStore()) {
  let nowMs = 1_800_000_000_000;
  let ids = 0;
  const events: SessionEvent[] = [];
  const writes: string[] = [];
  return {
    events,
    writes,
    local,
    pass: (ms: number) => {
      nowMs += ms;
    },
    now: () => nowMs,
    open: (): Session =>
      createSession({
        options: {
          sampleRatio: 1,
          sessionInactivityMs: 30 * MINUTE_MS,
          sessionMaxAgeMs: 240 * MINUTE_MS,
          ...options,
        },
        local: {
          ...local,
          set: (key, text) => {
            writes.push(text);
            return local.set(key, text);
          },
        },
        now: () => nowMs,
        createId: () => (++ids).toString(16).padStart(32, '0'),
        log: (event) => events.push(event),
      }),
    names: () =>
      events.map(({ eventName, attributes }) => [eventName, ...Object.values(attributes)].join(' ').trim()),
  };
}

const id = (number: number): string => String(number).padStart(32, '0');

describe('session', () => {
  it('begins once, and tells so with its first record', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    expect(origin.events).toEqual([]);
    expect(page.idAt(origin.now())).toBe(id(1));
    expect(page.idAt(origin.now())).toBe(id(1));
    expect(origin.names()).toEqual([`session.start ${id(1)}`]);
  });

  it('touches no storage before it is asked', () => {
    const origin = createOrigin(
      {},
      { ...NOTHING, get: () => expect.fail('read'), set: () => expect.fail('written') },
    );
    const page = origin.open();
    page.touch();
    page.save();
    expect(page.isSampled()).toBe(true);
  });

  it('is shared by pages, and goes on over a reload', () => {
    const origin = createOrigin();
    const pages = [origin.open(), origin.open()];
    for (const page of pages) page.begin();
    origin.pass(MINUTE_MS);
    pages.push(origin.open());
    expect(pages.map((page) => page.idAt(origin.now()))).toEqual([id(1), id(1), id(1)]);
    expect(origin.events).toHaveLength(1);
  });

  it('is the same for two pages that begin it at once', () => {
    const origin = createOrigin();
    const early = createMapStore();
    // The first page does not see what the second writes at the same time.
    const first = createOrigin({}, early);
    const a = first.open();
    a.begin();
    const b = origin.open();
    b.begin();
    early.set('clickspan.session', origin.local.get('clickspan.session')!.replace(id(1), id(7)));
    expect(a.idAt(first.now())).toBe(id(7));
    expect(first.events).toEqual([]);
  });

  it('ends when nothing was done for a while; the next action begins another', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    page.idAt(origin.now());
    origin.pass(29 * MINUTE_MS);
    page.touch();
    const activeMs = origin.now();
    origin.pass(31 * MINUTE_MS);
    // What only happens in the background begins none.
    expect(page.idAt(origin.now())).toBe(id(1));
    page.touch();
    expect(page.idAt(origin.now())).toBe(id(2));
    expect(origin.names()).toEqual([
      `session.start ${id(1)}`,
      `session.end ${id(1)}`,
      `session.start ${id(2)} ${id(1)}`,
    ]);
    expect(origin.events[1]!.unixMs).toBe(activeMs);
    expect(origin.events[2]!.unixMs).toBe(origin.now());
  });

  it('ends when it is old, whatever is done', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    for (let minutes = 0; minutes < 240; minutes += 10) {
      expect(page.idAt(origin.now())).toBe(id(1));
      origin.pass(10 * MINUTE_MS);
      if (minutes < 230) page.touch();
    }
    expect(page.idAt(origin.now())).toBe(id(2));
  });

  it('keeps what began in the last session with that', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    page.idAt(origin.now());
    const beforeMs = origin.now() + 1;
    origin.pass(31 * MINUTE_MS);
    page.touch();
    expect(page.idAt(beforeMs)).toBe(id(1));
    expect(page.idAt(origin.now())).toBe(id(2));
  });

  it('takes what began before the first session for the first', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    expect(page.idAt(origin.now() - 500)).toBe(id(1));
  });

  it('is over for a page that wakes up, unless another page has gone on with it', () => {
    const origin = createOrigin();
    const asleep = origin.open();
    const awake = origin.open();
    asleep.begin();
    asleep.idAt(origin.now());
    awake.begin();
    for (let minutes = 0; minutes < 100; minutes += 10) {
      origin.pass(10 * MINUTE_MS);
      awake.touch();
    }
    awake.save();
    asleep.touch();
    expect(asleep.idAt(origin.now())).toBe(id(1));
    origin.pass(31 * MINUTE_MS);
    awake.touch();
    asleep.touch();
    expect([awake, asleep].map((page) => page.idAt(origin.now()))).toEqual([id(2), id(2)]);
    expect(origin.events.filter(({ eventName }) => eventName === 'session.end')).toHaveLength(1);
  });

  it('writes rarely', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    page.idAt(origin.now());
    origin.writes.length = 0;
    for (let seconds = 0; seconds < 600; seconds++) {
      origin.pass(1000);
      page.touch();
      page.idAt(origin.now());
    }
    expect(origin.writes.length).toBeLessThanOrEqual(10);
    page.save();
    expect(origin.writes.at(-1)).toContain(String(origin.now()));
  });

  it('is that of the page where nothing can be kept', () => {
    const origin = createOrigin({}, NOTHING);
    const page = origin.open();
    page.begin();
    expect(page.idAt(origin.now())).toBe(id(1));
    origin.pass(31 * MINUTE_MS);
    page.touch();
    expect(page.idAt(origin.now())).toBe(id(2));
    expect(origin.names().at(-1)).toBe(`session.start ${id(2)} ${id(1)}`);
  });

  it('begins anew whatever else is found in the storage', () => {
    const found = fc.oneof(
      fc.string(),
      fc.constant(`${id(9)} x y`),
      fc.constant(`${id(9)} 1 1`),
      fc.constant(`${id(9)} 9999999999999 9999999999999`),
      fc.constant(id(9)),
    );
    fc.assert(
      fc.property(found, (text) => {
        const origin = createOrigin();
        origin.local.set('clickspan.session', text);
        const page = origin.open();
        page.begin();
        expect(page.idAt(origin.now())).toBe(id(1));
      }),
    );
  });

  it('decides for all of its pages alike whether it is recorded, and tells nothing where it is not', () => {
    const share = { sampleRatio: 0.5 };
    for (const [first, isSampled] of [
      ['f', true],
      ['1', false],
    ] as const) {
      const origin = createOrigin(share);
      const own = `${'0'.repeat(18)}${first}${'0'.repeat(13)}`;
      origin.local.set('clickspan.session', `${own} ${origin.now() - 5} ${origin.now()}`);
      for (const page of [origin.open(), origin.open()]) expect(page.isSampled()).toBe(isSampled);
    }
    const origin = createOrigin(share);
    const page = origin.open();
    expect(page.isSampled()).toBe(false);
    page.idAt(origin.now());
    expect(origin.events).toEqual([]);
  });

  it('is forgotten for good', () => {
    const origin = createOrigin();
    const page = origin.open();
    page.begin();
    page.forget();
    origin.pass(2 * MINUTE_MS);
    page.touch();
    page.save();
    expect(origin.local.keys()).toEqual([]);
  });
});
