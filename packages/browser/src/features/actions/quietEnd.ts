import type { After } from '../../platform/timers.ts';

/** Decides when an action is over: when nothing of it has happened for a while and nothing of it is awaited. */
export interface QuietEnd {
  readonly isOpen: () => boolean;
  readonly isPastCap: () => boolean;
  /** Notes that something happened until now, or until the time given. */
  readonly touch: (untilUnixMs?: number) => void;
  /** Waits for something; the returned function says that it is over. */
  readonly hold: () => (untilUnixMs?: number) => void;
  /** Says that more may come after a while, so that the end is not decided before; the end does not move by that. */
  readonly expect: (delayMs: number) => void;
  /** Notes that it has changed the DOM. */
  readonly settle: () => void;
  /** Ends it now. What is awaited makes that the end, and gives it the reason; else it has ended with what last happened. */
  readonly end: (reason: string) => void;
  /** Ends it now if nothing is awaited. */
  readonly endIfQuiet: () => void;
}

/** What it needs. */
export interface QuietEndDeps {
  readonly startUnixMs: number;
  readonly now: () => number;
  readonly after: After;
  readonly onEnd: (endUnixMs: number, reason: string | undefined) => void;
}

/** So long must nothing have happened. */
const QUIET_MS = 250;
/**
 * Timers and changes of the DOM are not waited for longer after the last thing that happened beside them: they hide
 * messages, tick, animate and poll.
 */
const MAX_WAIT_MS = 1500;
/** No action lasts longer; work that it causes later starts a new trace with a link. */
const CAP_MS = 30_000;

/** Makes the end of an action; it waits from now on. */
export function createQuietEnd({ startUnixMs, now, after, onEnd }: QuietEndDeps): QuietEnd {
  const capUnixMs = now() + CAP_MS;
  let lastUnixMs = startUnixMs;
  /** The last thing that happened beside timers and changes of the DOM. */
  let lastCauseUnixMs = startUnixMs;
  let waitUntilUnixMs = 0;
  let held = 0;
  let isOpen = true;
  let isChecking = false;

  const end = (reason?: string): void => {
    if (!isOpen) return;
    isOpen = false;
    cancelCap();
    if (held) onEnd(now(), reason);
    else onEnd(lastUnixMs, undefined);
  };
  const cancelCap = after(CAP_MS, () => end('cap'));

  /** One timer at a time: it looks how long it is still to wait. */
  const waitFor = (delayMs: number): void => {
    waitUntilUnixMs = Math.max(waitUntilUnixMs, now() + delayMs);
    check();
  };
  const check = (): void => {
    if (!isOpen || held || isChecking) return;
    const leftMs = waitUntilUnixMs - now();
    if (leftMs <= 0) return end();
    isChecking = true;
    after(leftMs, () => {
      isChecking = false;
      check();
    });
  };
  const touch = (untilUnixMs: number = now()): void => {
    lastCauseUnixMs = Math.max(lastCauseUnixMs, untilUnixMs);
    lastUnixMs = Math.max(lastUnixMs, untilUnixMs);
    waitFor(QUIET_MS);
  };

  waitFor(QUIET_MS);
  return {
    isOpen: () => isOpen,
    isPastCap: () => now() >= capUnixMs,
    touch,
    hold() {
      held++;
      let isOver = false;
      return (untilUnixMs) => {
        if (isOver) return;
        isOver = true;
        held--;
        touch(untilUnixMs);
      };
    },
    expect(delayMs) {
      if (now() + delayMs <= lastCauseUnixMs + MAX_WAIT_MS) waitFor(delayMs + QUIET_MS);
    },
    settle() {
      const changedUnixMs = now();
      if (changedUnixMs > lastCauseUnixMs + MAX_WAIT_MS) return;
      lastUnixMs = Math.max(lastUnixMs, changedUnixMs);
      waitFor(QUIET_MS);
    },
    end,
    endIfQuiet: () => {
      if (!held) end();
    },
  };
}
