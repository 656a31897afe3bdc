import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { receiveMessage } from '../support/receiveMessage.ts';

// Sources:
// [events] https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
// [structure] https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

/** Reads what it is told of, and puts it beside in capitals. */
const WORKER = `
  export const handler = async ({ Records: [{ s3 }] }) => {
    const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
    const at = (name) => process.env.AWS_ENDPOINT_URL_S3 + '/' + s3.bucket.name + '/' + encodeURIComponent(name);
    const text = await (await fetch(at(key))).text();
    await fetch(at('out ' + key.slice(3)), { method: 'PUT', body: text.toUpperCase() });
  };
`;

let stage: Stage;
beforeAll(async () => {
  const environment = ({ s3Endpoint }: { readonly s3Endpoint: string | undefined }) => ({
    AWS_ENDPOINT_URL_S3: s3Endpoint!,
  });
  stage = await startStage([{ name: 'worker', source: WORKER, environment }], {
    queues: [{ name: 'done' }, { name: 'heard' }],
    topics: [{ name: 'removed', subscriptions: [{ queue: 'heard' }] }],
    buckets: [
      {
        name: 'uploads',
        notifications: [
          { function: 'worker', events: ['s3:ObjectCreated:*'], prefix: 'in ' },
          { queue: 'done', events: ['s3:ObjectCreated:Put'], prefix: 'out ' },
          { topic: 'removed', events: ['s3:ObjectRemoved:*'] },
        ],
      },
    ],
  });
});
afterAll(() => stage.stop());

it('an object wakes a function, which reads it and puts another, of which a queue is told [events]', async () => {
  stage.emulator.putObject('uploads', 'in a.txt', 'hello');
  const url = `${stage.emulator.s3Endpoint}/uploads/out%20a.txt`;
  await until('the other object is there', async () => (await sendHttp(url)).body === 'HELLO');
  const told = await receiveMessage(stage.emulator, 'done');
  expect(JSON.parse(told.Body!)).toMatchObject({
    Records: [
      {
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: 'uploads' }, object: { key: 'out+a.txt', size: 5 } },
      },
    ],
  });
  expect(() => stage.emulator.putObject('other', 'a', '')).toThrow('no bucket other');
});

it('a queue behind a topic is told of an object that is gone, in an envelope [structure]', async () => {
  stage.emulator.putObject('uploads', 'other', 'x');
  await sendHttp(`${stage.emulator.s3Endpoint}/uploads/other`, { method: 'DELETE' });
  const told = await receiveMessage(stage.emulator, 'heard');
  const envelope = JSON.parse(told.Body!) as { Subject: string; Message: string };
  expect(envelope.Subject).toBe('Amazon S3 Notification');
  expect(JSON.parse(envelope.Message)).toMatchObject({ Records: [{ eventName: 'ObjectRemoved:Delete' }] });
});
