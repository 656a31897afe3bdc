/** gRPC's status codes, which OTLP's `Status` carries over HTTP too. */
const GRPC_CODE: Readonly<Record<number, number>> = {
  400: 3,
  404: 12,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};
const GRPC_UNKNOWN = 2;

/** An HTTP answer of the collector. */
export interface OtlpAnswer {
  readonly httpStatus: number;
  readonly body: string;
  readonly retryAfterS?: number;
  /** For 405 and 415: what would have been accepted. */
  readonly accept?: string;
}

/** A full success has an empty object as its body, not an empty body. */
export const STORED: OtlpAnswer = { httpStatus: 200, body: '{}' };

/** Creates an error answer with the `Status` body that OTLP demands. */
export function toErrorAnswer(
  httpStatus: number,
  message: string,
  more: Omit<OtlpAnswer, 'httpStatus' | 'body'> = {},
): OtlpAnswer {
  return {
    httpStatus,
    body: JSON.stringify({ code: GRPC_CODE[httpStatus] ?? GRPC_UNKNOWN, message }),
    ...more,
  };
}

/**
 * Creates the answer to a request that was stored with something left out.
 *
 * @param rejectedSpans 0 makes it a warning
 */
export function toPartialAnswer(rejectedSpans: number, errorMessage: string): OtlpAnswer {
  // int64 is a decimal string in protobuf's JSON.
  const partialSuccess = { rejectedSpans: String(rejectedSpans), errorMessage };
  return { httpStatus: 200, body: JSON.stringify({ partialSuccess }) };
}
