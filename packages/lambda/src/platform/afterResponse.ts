/**
 * Runs something when the response of an invocation has left.
 *
 * The runtime client posts a result synchronously one `setImmediate` after the handler has settled, and an error that
 * it meets while posting one later; so the third one here is always after it.
 *
 * @param run called once; must not throw
 */
export function afterResponse(run: () => void): void {
  setImmediate(() => setImmediate(() => setImmediate(run)));
}

/** The part of the runtime client's response stream that is used. */
interface ResponseStream {
  readonly writableFinished?: boolean;
  readonly destroyed?: boolean;
  once?(event: string, listener: () => void): unknown;
}

/**
 * Runs something when a streamed response has been sent whole, or has failed.
 *
 * @param stream the stream that the runtime client gave to the handler
 * @param run called once; must not throw
 */
export function afterStream(stream: unknown, run: () => void): void {
  const response = stream as ResponseStream;
  let done = false;
  const finish = (): void => {
    if (done) return;
    done = true;
    afterResponse(run);
  };
  try {
    if (response.writableFinished || response.destroyed || !response.once) return finish();
    response.once('finish', finish);
    response.once('close', finish);
  } catch {
    // The function may have done anything to its stream; whoever waits for us must not wait for ever.
    finish();
  }
}
