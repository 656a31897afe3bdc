import type { Attributes } from '@opentelemetry/api';
import { SESSION_ID, SESSION_PREVIOUS_ID } from '@clickspan/shared/attributes';
import { shouldSample } from './sampleSession.ts';

/** One visit of a user to the origin: it ends when nothing was done for a while, and when it is old. */
export interface Session {
  /** Goes on with the session that other pages are in, or begins one: the page is there. */
  readonly begin: () => void;
  /** Notes that the user does something; a new session begins where the last is over. */
  readonly touch: () => void;
  /** The session in which something happened. */
  readonly idAt: (unixMs: number) => string;
  /** Whether the session is one of those that are recorded. */
  readonly isSampled: () => boolean;
  /** Writes down until when the user was there. */
  readonly save: () => void;
  /** Forgets the session, for the pages to come too. */
  readonly forget: () => void;
}

/** What a session needs. */
export interface SessionDeps {
  readonly options: {
    readonly sampleRatio: number;
    readonly sessionInactivityMs: number;
    readonly sessionMaxAgeMs: number;
  };
  /** What all pages of the origin share; where it keeps nothing, the session is that of this page. */
  readonly local: {
    readonly get: (key: string) => string | null;
    readonly set: (key: string, text: string) => boolean;
    readonly remove: (key: string) => void;
  };
  /** Unix ms. */
  readonly now: () => number;
  /** Makes 32 random hex digits. */
  readonly createId: () => string;
  /** Records an event. */
  readonly log: (event: SessionEvent) => void;
}

/** The start or the end of a session. */
export interface SessionEvent {
  readonly unixMs: number;
  readonly eventName: string;
  readonly attributes: Attributes;
}

/** A session as it is written down. */
interface Visit {
  readonly id: string;
  readonly startUnixMs: number;
  activeUnixMs: number;
}

const KEY = 'clickspan.session';
/** Storage is slow: what the user does is written down no more often than this, and when the page is hidden. */
const WRITE_INTERVAL_MS = 60_000;

/**
 * Makes the session; nothing is read or written before it is asked for.
 *
 * Pages agree without talking to each other: whoever begins a session writes it down, and reads it again before its id is
 * first told. So of two pages that begin one at the same time, both take the one that was written last.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/general/session/
 */
export function createSession({ options, local, now, createId, log }: SessionDeps): Session {
  const { sampleRatio, sessionInactivityMs, sessionMaxAgeMs } = options;
  let visit: Visit | undefined;
  /** What was over when this page began the session. */
  let ended: Visit | undefined;
  /** In which session this page was before. */
  let leftId: string | undefined;
  /** Begun by this page, and not told yet. */
  let isNew = false;
  let isAgreed = false;
  let isForgotten = false;
  let writtenUnixMs = 0;

  /** @param counts whether inactivity counts, and not the age alone */
  const isOver = ({ startUnixMs, activeUnixMs }: Visit, counts = true): boolean =>
    // So that no number, and the time of a clock that was wrong, are over as well.
    !(Math.abs(now() - startUnixMs) < sessionMaxAgeMs) ||
    (counts && !(now() - activeUnixMs < sessionInactivityMs));

  const read = (): Visit | undefined => {
    const [id = '', start, active] = (local.get(KEY) ?? '').split(' ');
    return /^[\da-f]{32}$/.test(id)
      ? { id, startUnixMs: Number(start), activeUnixMs: Number(active) }
      : undefined;
  };

  const write = ({ id, startUnixMs, activeUnixMs }: Visit): void => {
    writtenUnixMs = now();
    if (!isForgotten) local.set(KEY, `${id} ${startUnixMs} ${activeUnixMs}`);
  };

  /** Goes over to what another page has written, if that goes on. */
  const adopt = (stored: Visit | undefined): void => {
    if (!stored || isOver(stored)) return;
    if (stored.id !== visit?.id) isNew = false;
    stored.activeUnixMs = Math.max(stored.activeUnixMs, visit?.activeUnixMs ?? 0);
    visit = stored;
  };

  const look = (counts: boolean): Visit => {
    if (visit && !isOver(visit, counts)) return visit;
    leftId = visit?.id;
    const stored = read();
    adopt(stored);
    if (!visit || isOver(visit, counts)) {
      ended = stored ?? visit;
      const unixMs = now();
      visit = { id: createId(), startUnixMs: unixMs, activeUnixMs: unixMs };
      isNew = true;
      write(visit);
    }
    isAgreed = false;
    return visit;
  };

  const begin = (): void => {
    look(true).activeUnixMs = now();
    if (now() - writtenUnixMs > WRITE_INTERVAL_MS) save();
  };

  const save = (): void => {
    if (!visit || isOver(visit)) return;
    adopt(read());
    write(visit);
  };

  const tell = ({ id }: Visit, unixMs: number, eventName: string, previousId?: string): void => {
    if (!shouldSample(id, sampleRatio)) return;
    log({ unixMs, eventName, attributes: { [SESSION_ID]: id, [SESSION_PREVIOUS_ID]: previousId } });
  };

  return {
    begin,
    touch() {
      // At the start of a page there is more urgent work; it begins soon.
      if (visit) begin();
    },
    idAt(unixMs) {
      look(false);
      if (!isAgreed) {
        isAgreed = true;
        save();
        if (isNew) {
          isNew = false;
          if (ended) tell(ended, ended.activeUnixMs, 'session.end');
          tell(visit!, visit!.startUnixMs, 'session.start', ended?.id);
        }
      }
      return leftId && unixMs < visit!.startUnixMs ? leftId : visit!.id;
    },
    isSampled: () => sampleRatio >= 1 || (sampleRatio > 0 && shouldSample(look(false).id, sampleRatio)),
    save,
    forget() {
      isForgotten = true;
      local.remove(KEY);
    },
  };
}
