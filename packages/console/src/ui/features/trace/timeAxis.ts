/** A stretch of a trace's time, ms after its base. */
export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** Below this two neighbouring tick labels touch. */
const MIN_TICK_DISTANCE_PX = 92;
const MAX_TICKS = 24;

/**
 * Chooses where an axis has its ticks: multiples of 1, 2 or 5 times a power of ten, as many as have room for a label.
 *
 * @param window what the axis shows
 * @param originMs what the labels count from
 * @param widthPx how wide the axis is
 * @returns ms after the origin, ascending, all within the window
 */
export function chooseTicks(window: TimeWindow, originMs: number, widthPx: number): number[] {
  const spanMs = window.endMs - window.startMs;
  const room = Math.min(MAX_TICKS, Math.floor(widthPx / MIN_TICK_DISTANCE_PX));
  if (!(spanMs > 0) || room < 1) return [];
  const stepMs = toNiceStep(spanMs / room);
  const ticks: number[] = [];
  // `|| 0`: never minus zero.
  for (let index = Math.ceil((window.startMs - originMs) / stepMs - 1e-9) || 0; ; index++) {
    const tickMs = index * stepMs;
    if (tickMs + originMs > window.endMs + spanMs * 1e-9 || ticks.length > MAX_TICKS) return ticks;
    ticks.push(tickMs);
  }
}

function toNiceStep(leastMs: number): number {
  const power = 10 ** Math.floor(Math.log10(leastMs));
  const nice = [1, 2, 5, 10].find((factor) => factor * power >= leastMs * (1 - 1e-9)) ?? 10;
  return nice * power;
}

/**
 * Where on an axis something lies, cut to what is shown.
 *
 * @returns shares of the axis' width, 0 to 1; nothing when it lies outside
 */
export function toAxisShare(
  window: TimeWindow,
  startMs: number,
  durationMs: number,
): { left: number; width: number } | undefined {
  const spanMs = window.endMs - window.startMs;
  if (!(spanMs > 0)) return { left: 0, width: durationMs > 0 ? 1 : 0 };
  const left = (startMs - window.startMs) / spanMs;
  const right = (startMs + durationMs - window.startMs) / spanMs;
  if (left > 1 || right < 0) return undefined;
  const from = Math.max(0, left);
  return { left: from, width: Math.min(1, right) - from };
}

/** Closer than this there is nothing to see: clocks count in microseconds at best. */
const MIN_WINDOW_MS = 0.001;

/**
 * Zooms a window in or out around a moment, which moves to its middle as far as the whole allows.
 *
 * @param factor how much more (> 1) or less (< 1) time is to be seen
 * @returns nothing when all of it is to be seen
 */
export function zoomBy(
  window: TimeWindow,
  whole: TimeWindow,
  aroundMs: number,
  factor: number,
): TimeWindow | undefined {
  const wholeMs = whole.endMs - whole.startMs;
  const spanMs = Math.max(MIN_WINDOW_MS, (window.endMs - window.startMs) * factor);
  if (spanMs >= wholeMs) return undefined;
  const latestStartMs = whole.endMs - spanMs;
  const startMs = Math.min(latestStartMs, Math.max(whole.startMs, aroundMs - spanMs / 2));
  return { startMs, endMs: startMs + spanMs };
}
