import type { IconName } from '../../icons.ts';
import { text } from '../../text.ts';
import type { SpanView, TraceView } from './traceView.ts';

/** One sentence that a reader should see before all else about a span. */
export interface SpanNote {
  readonly tone: 'cold' | 'error' | 'warn';
  readonly icon: IconName;
  readonly text: string;
}

/** Says what is out of the ordinary about a span, the worst first. */
export function toSpanNotes(trace: TraceView, view: SpanView): SpanNote[] {
  const { span, placement } = view.node;
  const notes: SpanNote[] = [];
  if (view.isError) {
    notes.push({ tone: 'error', icon: 'error', text: span.status.message || text.row.error });
  }
  const coldStart = trace.coldStarts.find((found) => found.spanId === span.spanId);
  if (coldStart) {
    const said =
      coldStart.waitedMs === undefined ? text.panel.coldAhead : text.panel.coldWaited(coldStart.waitedMs);
    notes.push({ tone: 'cold', icon: 'cold', text: said });
  } else if (view.containsCold) {
    notes.push({ tone: 'cold', icon: 'cold', text: text.panel.coldBelow });
  }
  if (view.skew) notes.push({ tone: 'warn', icon: 'clock', text: toSkewText(view.skew) });
  if (placement === 'orphan') notes.push({ tone: 'warn', icon: 'unknown', text: text.panel.orphan });
  if (placement === 'loop') notes.push({ tone: 'warn', icon: 'unknown', text: text.panel.loop });
  return notes;
}

function toSkewText({ shiftMs, reason }: NonNullable<SpanView['skew']>): string {
  if (reason === 'outlived') return text.panel.outlived;
  const say = reason === 'moved' ? text.panel.moved : text.panel.inherited;
  return say(Math.abs(shiftMs), shiftMs > 0);
}
