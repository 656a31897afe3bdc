import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { HttpAnswer, HttpCall } from '../../../../../test/support/httpClient.ts';
import { isAbout, refuseBucketFaults } from './bucketConfig.ts';
import { decodeChunkedBody } from './chunkedBody.ts';
import { createObjectStore } from './objectStore.ts';
import type { ObjectEvent } from './s3Event.ts';
import { toS3Event } from './s3Event.ts';
import { startS3Server } from './s3Server.ts';
import type { S3Server } from './s3Server.ts';

// Sources, in https://docs.aws.amazon.com/AmazonS3/latest/
// [structure] userguide/notification-content-structure.html
// [filters] userguide/notification-how-to-filtering.html
// [types] userguide/notification-how-to-event-types-and-destinations.html
// [errors] API/ErrorResponses.html
// [chunked] API/sigv4-streaming-trailers.html

let server: S3Server | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Bench {
  readonly events: ObjectEvent[];
  readonly send: (path: string, call?: HttpCall) => Promise<HttpAnswer>;
}

async function bench(): Promise<Bench> {
  const events: ObjectEvent[] = [];
  const store = createObjectStore({
    bucket: 'uploads',
    clock: () => Date.UTC(2026, 10, 23, 12),
    onEvent: (event) => void events.push(event),
  });
  server = await startS3Server(0, new Map([['uploads', store]]));
  const { endpoint } = server;
  return { events, send: (path, call) => sendHttp(`${endpoint}${path}`, call) };
}

const MD5_OF_HELLO = '5d41402abc4b2a76b9719d911017c592';

describe('an object', () => {
  it('is put, read and removed, and each change is told', async () => {
    const { events, send } = await bench();
    const put = await send('/uploads/a/b%20c.txt?x-id=PutObject', {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'x-amz-meta-by': 'me' },
      body: 'hello',
    });
    expect([put.status, put.headers.etag]).toEqual([200, `"${MD5_OF_HELLO}"`]);
    const got = await send('/uploads/a/b%20c.txt?x-id=GetObject');
    expect([got.status, got.body]).toEqual([200, 'hello']);
    expect(got.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-amz-meta-by': 'me',
      'last-modified': 'Mon, 23 Nov 2026 12:00:00 GMT',
    });
    const head = await send('/uploads/a/b%20c.txt', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '5']);
    expect((await send('/uploads/a/b%20c.txt', { method: 'DELETE' })).status).toBe(204);
    expect((await send('/uploads/a/b%20c.txt', { method: 'DELETE' })).status).toBe(204);
    expect(events).toMatchObject([
      { eventName: 'ObjectCreated:Put', bucket: 'uploads', key: 'a/b c.txt', size: 5, eTag: MD5_OF_HELLO },
      { eventName: 'ObjectRemoved:Delete', key: 'a/b c.txt' },
    ]);
    expect(events[1]!.sequencer > events[0]!.sequencer).toBe(true);
  });

  it('comes in chunks when the SDK streams it [chunked]', async () => {
    const { send } = await bench();
    await send('/uploads/a', {
      method: 'PUT',
      headers: { 'content-encoding': 'aws-chunked', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      body: '3\r\nhel\r\n2;chunk-signature=ab\r\nlo\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
    });
    expect((await send('/uploads/a')).body).toBe('hello');
  });

  it('in chunks of any size is the same object [chunked]', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), (chunks) => {
        const framed = chunks.map((chunk) =>
          Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
        );
        const decoded = decodeChunkedBody(Buffer.concat([...framed, Buffer.from('0\r\n\r\n')]));
        expect(decoded).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it.each(['5\r\nhel', '3\r\nhel\r\n', 'x\r\n', ''])('that is cut off is none: %j [chunked]', (text) => {
    expect(decodeChunkedBody(Buffer.from(text))).toBeUndefined();
  });

  it.each<[number, string, string, HttpCall]>([
    [404, 'NoSuchKey', '/uploads/none', {}],
    [404, 'NoSuchBucket', '/other/a', { method: 'PUT', body: 'x' }],
    [501, 'NotImplemented', '/uploads?list-type=2', {}],
    [501, 'NotImplemented', '/uploads/a?uploads', { body: 'x' }],
    [
      400,
      'IncompleteBody',
      '/uploads/a',
      { method: 'PUT', headers: { 'content-encoding': 'aws-chunked' }, body: 'x' },
    ],
    [
      403,
      'AccessDenied',
      '/uploads/a',
      { method: 'PUT', headers: { origin: 'https://evil.example' }, body: 'x' },
    ],
  ])('is refused with %i %s: %s [errors]', async (status, code, path, call) => {
    const { events, send } = await bench();
    const answer = await send(path, call);
    expect([answer.status, events]).toEqual([status, []]);
    expect(answer.body).toContain(`<Error><Code>${code}</Code>`);
  });
});

describe('the event of an object', () => {
  const event: ObjectEvent = {
    eventName: 'ObjectCreated:Put',
    bucket: 'uploads',
    key: 'a/b c+ü.txt',
    size: 5,
    eTag: MD5_OF_HELLO,
    sequencer: '0055AED6DCD90281E5',
    requestId: 'C3D13FE58DE4C810',
    atUnixMs: Date.UTC(2026, 10, 23, 12),
  };

  it('has the fields that AWS documents, its key encoded [structure]', () => {
    expect(toS3Event(event, 'eu-central-1', 'notification-1')).toEqual({
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          awsRegion: 'eu-central-1',
          eventTime: '2026-11-23T12:00:00.000Z',
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: expect.stringMatching(/^AWS:/) as string },
          requestParameters: { sourceIPAddress: '127.0.0.1' },
          responseElements: {
            'x-amz-request-id': 'C3D13FE58DE4C810',
            'x-amz-id-2': expect.any(String) as string,
          },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'notification-1',
            bucket: {
              name: 'uploads',
              ownerIdentity: { principalId: expect.any(String) as string },
              arn: 'arn:aws:s3:::uploads',
            },
            object: {
              key: 'a/b+c%2B%C3%BC.txt',
              size: 5,
              eTag: MD5_OF_HELLO,
              sequencer: '0055AED6DCD90281E5',
            },
          },
        },
      ],
    });
  });

  it('has neither size nor tag when the object is gone [structure]', () => {
    const { eTag: _, size: __, ...removed } = { ...event, eventName: 'ObjectRemoved:Delete' as const };
    const [{ s3 }] = toS3Event(removed, 'eu-central-1', 'x').Records as [{ s3: { object: object } }];
    expect(Object.keys(s3.object)).toEqual(['key', 'sequencer']);
  });

  it.each([
    [true, { events: ['s3:ObjectCreated:*'] }],
    [true, { events: ['s3:ObjectCreated:Put'], prefix: 'a/', suffix: '.txt' }],
    [false, { events: ['s3:ObjectCreated:Copy'] }],
    [false, { events: ['s3:ObjectRemoved:*'] }],
    [false, { events: ['s3:ObjectCreated:*'], prefix: 'b/' }],
    [false, { events: ['s3:ObjectCreated:*'], suffix: '.jpg' }],
  ])('is told: %s, to %j [filters]', (expected, notification) => {
    expect(isAbout(notification, 'ObjectCreated:Put', 'a/b.txt')).toBe(expected);
  });
});

it.each([
  [{ name: 'Uploads' }, 'lower-case'],
  [
    { name: 'uploads', notifications: [{ events: ['s3:ObjectCreated:*'] }] },
    'one of function, queue and topic',
  ],
  [{ name: 'uploads', notifications: [{ queue: 'q', events: [] }] }, 'at least one event'],
  [{ name: 'uploads', notifications: [{ queue: 'q', events: ['s3:Created'] }] }, 'no event s3:Created'],
])('the bucket %j is refused [types]', (config, message) => {
  expect(() => refuseBucketFaults(config)).toThrow(message);
});
