/** Gets a response that a function streams, while it still writes it. */
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
  /** X-Ray's header, `Root=…;Parent=…;Sampled=…`. */
  readonly traceId: string;
  /** JSON text that the caller of a direct invocation sent along. */
  readonly clientContext?: string | undefined;
  /** Where a response goes that the function streams; without it, the response is gathered. */
  readonly sink?: ResponseSink | undefined;
}

/** What became of it, as its caller sees it. */
export type InvocationOutcome =
  | { readonly status: 'ok'; readonly payload: Buffer; readonly contentType: string }
  /** The function failed: threw, timed out, died. The payload is the JSON that the platform answers with. */
  | { readonly status: 'error'; readonly errorType: string; readonly payload: Buffer }
  /** There was no environment for it, and there may be none. */
  | { readonly status: 'throttled'; readonly reason: string };

/** Runs a function; what a front needs of the rest of the emulator. Rejects when there is no such function. */
export type InvokeFunction = (functionName: string, invocation: Invocation) => Promise<InvocationOutcome>;

/**
 * Waits for an outcome no longer than a front would. The function runs on; only its caller is not told any more.
 *
 * @param timeoutMs the limit
 * @param outcome what is waited for
 * @returns the outcome; undefined when it came too late
 */
export async function withinMs(
  timeoutMs: number,
  outcome: Promise<InvocationOutcome>,
): Promise<InvocationOutcome | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}
