import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runtimeClientsToTest, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'clickspan-streaming-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

/** Streams what the path says; goes on when a file is there whose name the caller has given. */
const SOURCE = `
  import { existsSync } from 'node:fs';
  const released = async (file) => { while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10)); };
  export const handler = awslambda.streamifyResponse(async (event, stream) => {
    const { file } = event.queryStringParameters ?? {};
    if (event.rawPath === '/failAtOnce') throw new Error('at once');
    if (event.rawPath === '/prelude') {
      stream = awslambda.HttpResponseStream.from(stream, {
        statusCode: 418, headers: { 'x-own': 'yes', 'content-type': 'text/plain' }, cookies: ['a=1', 'b=2'],
      });
    } else stream.setContentType('text/event-stream');
    stream.write('first');
    await released(file);
    if (event.rawPath === '/fail') throw new Error('on the way');
    if (event.rawPath === '/exit') process.exit(1);
    if (event.rawPath === '/hang') await new Promise((resolve) => setTimeout(resolve, 600_000));
    stream.write('x'.repeat(3_000_000));
    stream.end('last');
  });
`;

interface Open {
  readonly response: Response;
  readonly first: string;
  readonly release: () => Promise<void>;
  readonly rest: () => Promise<string>;
  readonly leave: () => Promise<void>;
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
describe.each(runtimeClientsToTest())('a function URL with RESPONSE_STREAM (%s)', (runtimeClient) => {
  const start = async (): Promise<Stage> => {
    stage = await startStage([{ name: 'f', source: SOURCE, timeoutMs: 2000, memoryMb: 256 }], {
      runtimeClient,
      functionUrls: [{ function: 'f', invokeMode: 'RESPONSE_STREAM' }],
    });
    return stage;
  };
  const open = async ({ emulator }: Stage, path: string): Promise<Open> => {
    const file = join(folder, randomUUID());
    const response = await fetch(`${emulator.functionUrls['f']}${path}?file=${file}`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { value: first = '' } = await reader.read();
    return {
      response,
      first,
      release: () => writeFile(file, ''),
      leave: () => reader.cancel(),
      rest: async () => {
        let text = '';
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return text;
          text += value;
        }
      },
    };
  };

  it('hands on each piece when it is written, not when all is', async () => {
    const { response, first, release, rest } = await open(await start(), '/plain');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(first).toBe('first');
    await release();
    const tail = await rest();
    expect([tail.length, tail.slice(-4)]).toEqual([3_000_004, 'last']);
  });

  it('takes status, headers and cookies from what comes before eight zero bytes', async () => {
    const { response, first, release, rest } = await open(await start(), '/prelude');
    expect([response.status, response.headers.get('x-own')]).toEqual([418, 'yes']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(first).toBe('first');
    await release();
    expect(await rest()).toHaveLength(3_000_004);
  });

  it.each([
    ['/fail', 'error'],
    ['/exit', 'crash'],
    ['/hang', 'timeout'],
  ])('breaks off where the function does (%s), and the record says %s', async (path, status) => {
    const running = await start();
    const { first, release, rest } = await open(running, path);
    expect(first).toBe('first');
    await release();
    await expect(rest()).rejects.toThrow();
    await until('it is on record', () => running.environments()[0]!.invocations[0]!.status === status);
  });

  it('answers 502 where the function fails before its first piece', async () => {
    const { emulator } = await start();
    expect((await fetch(`${emulator.functionUrls['f']}/failAtOnce`)).status).toBe(502);
  });

  it('lets the function write on when the caller has gone', async () => {
    const running = await start();
    const { leave, release } = await open(running, '/plain');
    await leave();
    await release();
    await until('it has written all', () => running.environments()[0]!.invocations[0]!.status === 'ok');
  });

  it('sends on what a function returns that does not stream', async () => {
    stage = await startStage(
      [{ name: 'f', source: `export const handler = async () => ({ statusCode: 201, body: 'whole' });` }],
      { runtimeClient, functionUrls: [{ function: 'f', invokeMode: 'RESPONSE_STREAM' }] },
    );
    const response = await fetch(stage.emulator.functionUrls['f']!);
    expect([response.status, await response.text()]).toEqual([201, 'whole']);
  });
});
