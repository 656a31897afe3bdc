/** What one request, and what all requests together, may cost the collector. */
export interface IngestLimits {
  readonly maxCompressedBytes: number;
  /** After decompression. */
  readonly maxBodyBytes: number;
  /** Bodies that are being read, all requests together. */
  readonly maxBytesInFlight: number;
  /** Encoded rows of one request. */
  readonly maxRowBytes: number;
  /** Encoded rows that wait for the engine. */
  readonly maxPendingBytes: number;
  /** Whole days in the past that a span may have started. */
  readonly maxSpanAgeDays: number;
}

const MIB = 1024 * 1024;

/** 64 MiB is OTLP's own default for a decompressed body. */
export const DEFAULT_LIMITS: IngestLimits = {
  maxCompressedBytes: 16 * MIB,
  maxBodyBytes: 64 * MIB,
  maxBytesInFlight: 128 * MIB,
  maxRowBytes: 64 * MIB,
  maxPendingBytes: 64 * MIB,
  maxSpanAgeDays: 30,
};

/** Attributes of one span, event, link or resource; what is more is left out and told to the sender. */
export const MAX_ATTRIBUTES = 256;
export const MAX_KEY_CHARS = 512;
/** Room for a long stack trace; longer values are cut and told to the sender. */
export const MAX_VALUE_CHARS = 32_768;
export const MAX_NAME_CHARS = 2_048;
export const MAX_EVENTS = 512;
export const MAX_LINKS = 512;
/** Arrays and maps inside one another in an attribute's value. */
export const MAX_VALUE_DEPTH = 16;
/** A sender's clock may be ahead by this much. */
export const MAX_AHEAD_MS: number = 24 * 60 * 60 * 1000;
