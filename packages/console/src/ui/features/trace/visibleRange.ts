/** Rows beyond the edges that are drawn too, so that quick scrolling shows no gaps. */
const OVERSCAN_ROWS = 12;

/**
 * Which of many equally high rows have to be drawn.
 *
 * @param topPx where the first row's upper edge is, against the viewport's; negative when scrolled past
 * @returns the first index, and the index after the last
 */
export function toVisibleRange(
  topPx: number,
  viewportHeightPx: number,
  rowHeightPx: number,
  rowCount: number,
): { first: number; end: number } {
  const first = Math.floor(-topPx / rowHeightPx) - OVERSCAN_ROWS;
  const end = Math.ceil((viewportHeightPx - topPx) / rowHeightPx) + OVERSCAN_ROWS;
  const clamp = (index: number): number => Math.min(rowCount, Math.max(0, index));
  return { first: clamp(first), end: clamp(end) };
}
