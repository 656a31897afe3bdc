/** A terminal may deliver one Ctrl-C twice, through npm and directly; a person takes longer to press it again. */
const SAME_PRESS_MS = 400;

/** How the end is asked for. */
export interface EndRequests {
  /** Settles at the first request. */
  readonly first: Promise<void>;
  stop(): void;
}

/**
 * Listens for being asked to end: Ctrl-C, SIGTERM, a closed terminal; and where `CLICKSPAN_END_WITH_STDIN` is `1`, the
 * end of standard input, which comes however the starting process has gone. Output that nobody reads any more ends too.
 *
 * @param onForce called when a signal comes again: end at once
 */
export function observeEndRequests(onForce: () => void): EndRequests {
  let asked: number | undefined;
  let settle: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (settle = resolve));
  const onSignal = (): void => {
    const now = performance.now();
    if (asked !== undefined && now - asked > SAME_PRESS_MS) onForce();
    asked ??= now;
    settle();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  // Whoever read our output has gone (`clickspan dev | head`).
  process.stdout.on('error', settle);
  const withStdin = process.env['CLICKSPAN_END_WITH_STDIN'] === '1';
  // Meant for this process alone: what it starts has another standard input.
  delete process.env['CLICKSPAN_END_WITH_STDIN'];
  if (withStdin) {
    process.stdin.on('end', settle).on('error', settle).on('close', settle);
    process.stdin.resume();
    // A file as standard input has no such method.
    (process.stdin as { unref?: () => void }).unref?.();
  }
  return {
    first,
    stop: () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.stdout.off('error', settle);
      if (withStdin) process.stdin.pause();
    },
  };
}
