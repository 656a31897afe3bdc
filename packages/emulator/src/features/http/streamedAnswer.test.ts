import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { INTEGRATION_TYPE } from './httpAnswer.ts';
import type { HttpAnswer } from './httpAnswer.ts';
import { createStreamedAnswer } from './streamedAnswer.ts';
import type { StreamedAnswer } from './streamedAnswer.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html

interface Bench {
  readonly streamed: StreamedAnswer;
  readonly heads: HttpAnswer[];
  readonly sent: () => string;
}

function bench(): Bench {
  const heads: HttpAnswer[] = [];
  const sent: Buffer[] = [];
  const response = {
    flushHeaders: () => undefined,
    write: (bytes: Buffer) => sent.push(bytes) > 0,
    end: () => undefined,
  } as unknown as ServerResponse;
  const streamed = createStreamedAnswer(response, (head) => void heads.push(head));
  streamed.begin(INTEGRATION_TYPE);
  return { streamed, heads, sent: () => Buffer.concat(sent).toString() };
}

describe('a streamed answer', () => {
  it('takes its head from metadata in several pieces, and what follows as its body', async () => {
    const { streamed, heads, sent } = bench();
    for (const piece of ['{"statusCode":', '201}', '\0\0\0\0', '\0\0\0\0first ', 'second'])
      await streamed.write(Buffer.from(piece));
    expect(heads).toMatchObject([{ statusCode: 201 }]);
    expect(sent()).toBe('first second');
    expect(streamed.end()).toBe(true);
  });

  it('is none, and keeps nothing, where metadata does not end', async () => {
    const { streamed, heads, sent } = bench();
    const piece = Buffer.alloc(60_000, ' ');
    for (let n = 0; n < 3; n++) await streamed.write(piece);
    // With the first pieces forgotten, this is no head either.
    await streamed.write(Buffer.from(`{"statusCode":200}${'\0'.repeat(8)}body`));
    expect(heads).toEqual([]);
    expect(sent()).toBe('');
    expect([streamed.hasBegun(), streamed.end()]).toEqual([false, false]);
  });
});
