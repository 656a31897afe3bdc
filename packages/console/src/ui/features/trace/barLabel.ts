/** Where a bar's duration is written. */
export type LabelSide = 'right' | 'left' | 'inside';

/** Of the monospaced font at 11 px, with a little air. */
const CHARACTER_PX = 6.8;
const GAP_PX = 12;

/**
 * Chooses the side of a bar that has room for its label: after it, else before it, else within it.
 *
 * @param share the bar's place on the axis, 0 to 1
 */
export function chooseLabelSide(
  share: { readonly left: number; readonly width: number },
  label: string,
  axisWidthPx: number,
): LabelSide {
  const neededPx = label.length * CHARACTER_PX + GAP_PX;
  if ((1 - share.left - share.width) * axisWidthPx >= neededPx) return 'right';
  return share.left * axisWidthPx >= neededPx ? 'left' : 'inside';
}
