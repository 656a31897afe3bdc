import type { ServerResponse } from 'node:http';
import { writeBytes } from '../../platform/httpResponse.ts';
import { fromStream, INTEGRATION_TYPE } from './httpAnswer.ts';
import type { HttpAnswer } from './httpAnswer.ts';

/** Metadata that goes on for longer is none; ours to protect our memory, as AWS names no limit. */
const MAX_PRELUDE_BYTES = 65_536;

/** An answer on its way while the function still writes it. */
export interface StreamedAnswer {
  begin(contentType: string): void;
  write(bytes: Buffer): Promise<void>;
  /** Whether the caller has been sent anything. */
  hasBegun(): boolean;
  /** The function has written all; false when that was no answer. */
  end(): boolean;
  /** The function failed on the way: the caller sees a connection that breaks off. */
  breakOff(): void;
}

/**
 * Sends a streamed answer on: its metadata, up to eight zero bytes, become status and headers; without metadata it is a
 * 200 (https://docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html).
 *
 * @param response the caller's
 * @param sendHead writes status and headers of an answer, without length and body
 */
export function createStreamedAnswer(
  response: ServerResponse,
  sendHead: (answer: HttpAnswer) => void,
): StreamedAnswer {
  let prelude: Buffer | undefined;
  let plain: HttpAnswer | undefined;
  let begun = false;

  const head = (answer: HttpAnswer): void => {
    begun = true;
    sendHead(answer);
    response.flushHeaders();
  };
  return {
    begin: (type) => {
      if (type === INTEGRATION_TYPE) prelude = Buffer.alloc(0);
      else plain = { statusCode: 200, headers: { 'content-type': type }, cookies: [], body: Buffer.alloc(0) };
    },
    write: async (bytes) => {
      if (plain && !begun) head(plain);
      if (begun) return writeBytes(response, bytes);
      if (!prelude) return;
      prelude = Buffer.concat([prelude, bytes]);
      const answer = fromStream(prelude);
      if (!answer) {
        // Nothing that comes now can make an answer of it: all is dropped, and the caller gets the front's own.
        if (prelude.length > MAX_PRELUDE_BYTES) prelude = undefined;
        return;
      }
      prelude = undefined;
      head(answer);
      await writeBytes(response, answer.body);
    },
    hasBegun: () => begun,
    end: () => {
      if (plain && !begun) head(plain);
      if (begun) response.end();
      return begun;
    },
    breakOff: () => response.destroy(),
  };
}
