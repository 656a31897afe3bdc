import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import type { SpanContext } from '@opentelemetry/api';

/** The samplers that OpenTelemetry names for `OTEL_TRACES_SAMPLER`. */
export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

/** Decides which traces are recorded. */
export interface Sampler {
  /** Whether a trace that begins here is recorded. */
  readonly sampleRoot: (traceId: string) => boolean;
  /**
   * Decides about an invocation with a caller.
   *
   * @param parent the caller's span
   * @param fromOutside anybody may have written its flags
   */
  decide(parent: SpanContext, fromOutside: boolean): SamplingDecision;
  /** Traces that are not recorded by our own decision are looked at once more when they have ended. */
  readonly holds: boolean;
}

/** What is decided about an invocation with a caller. */
export interface SamplingDecision {
  readonly sampled: boolean;
  /** We have decided, not the caller. */
  readonly ours: boolean;
}

/** What a sampler needs. */
export interface SamplerInit {
  readonly sampler: SamplerName;
  /** Share of traces that the ratio samplers record, 0 to 1. */
  readonly ratio: number;
  /** Whether one more sampled flag from outside may be believed. */
  readonly takeTrust: () => boolean;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** So many hex digits of a trace id are exact as a number; they are its most random ones (W3C trace context, level 2). */
const DIGITS = 13;

/**
 * Makes a sampler. A caller's decision is followed by those that are `parentbased`; one from outside only as far as
 * `takeTrust` allows, beyond which a stranger's requests are sampled like those of callers without a trace.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling
 */
export function createSampler({ sampler, ratio, takeTrust, random }: SamplerInit): Sampler {
  const parentBased = sampler.startsWith('parentbased_');
  const root = sampler.slice(parentBased ? 'parentbased_'.length : 0);
  const share = root === 'always_on' ? 1 : root === 'always_off' ? 0 : ratio;
  const sampleRoot = (traceId: string): boolean =>
    share >= 1 || parseInt(traceId.slice(-DIGITS), 16) < share * 16 ** DIGITS;
  return {
    sampleRoot,
    holds: root === 'traceidratio',
    decide(parent, fromOutside) {
      if (!parentBased) return { sampled: sampleRoot(parent.traceId), ours: true };
      const sampled = (parent.traceFlags & FLAG_SAMPLED) !== 0;
      if (!sampled || !fromOutside || share >= 1 || takeTrust()) return { sampled, ours: false };
      // Not by the trace id: a stranger chooses that as well.
      return { sampled: random() < share, ours: true };
    },
  };
}

/**
 * Makes a token bucket: so many a second, and as many at once.
 *
 * @param perSecond 0 for none at all
 * @param nowMs the time in ms; where it goes back, nothing is filled in
 * @returns takes one, and says whether there was one
 */
export function createTokenBucket(perSecond: number, nowMs: () => number): () => boolean {
  const size = perSecond > 0 ? Math.max(1, perSecond) : 0;
  let tokens = size;
  let filledMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(size, tokens + (Math.max(0, now - filledMs) / 1000) * perSecond);
    filledMs = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
