/** Gets a streamed response while the function still writes it. */
export interface ResponseSink {
  /** Once, before the first bytes. */
  begin(contentType: string): void;
  /** Resolves when more bytes may come; never rejects. */
  write(bytes: Buffer): Promise<void>;
}

/** One event on its way into a function. */
export interface Invocation {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: Buffer;
  /** Header of the same name, `Root=…;Parent=…;Sampled=…`. */
  readonly traceId: string;
  /** JSON text that the caller of a direct invocation sent along. */
  readonly clientContext?: string | undefined;
  /** Where a response goes that the function streams; without it, the response is gathered. */
  readonly sink?: ResponseSink | undefined;
}

/** What became of it, as its caller sees it. */
export type InvocationOutcome =
  | {
      readonly status: 'ok';
      readonly requestId: string;
      readonly payload: Buffer;
      readonly contentType: string;
    }
  /** The function failed: threw, timed out, died. The payload is the JSON that the platform answers with. */
  | {
      readonly status: 'error';
      readonly requestId: string;
      readonly errorType: string;
      readonly payload: Buffer;
    }
  /** There was no environment for it, and there may be none. */
  | { readonly status: 'throttled'; readonly requestId: string; readonly reason: string };

/**
 * Makes the outcome of an invocation that the platform itself ended.
 *
 * @param requestId the invocation
 * @param errorType for example `Runtime.ExitError`
 * @param message what happened, without the request id
 */
export function toPlatformError(requestId: string, errorType: string, message: string): InvocationOutcome {
  const errorMessage = `RequestId: ${requestId} Error: ${message}`;
  return {
    status: 'error',
    requestId,
    errorType,
    payload: Buffer.from(JSON.stringify({ errorType, errorMessage })),
  };
}
