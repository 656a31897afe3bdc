import { expect, it } from 'vitest';
import { sendHttp } from '../../../../test/support/httpClient.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import { startTopics } from './startTopics.ts';
import type { Wiring } from './wiring.ts';

// https://docs.aws.amazon.com/sns/latest/dg/fifo-topic-message-delivery.html
it('a FIFO topic hands group and deduplication id on to FIFO queues, and the group to others', async () => {
  const stops: (() => Promise<void>)[] = [];
  const sent: [string, object][] = [];
  const wiring = {
    account: { region: 'eu-central-1', accountId: '123456789012' },
    clock: Date.now,
    keep: (stop) => void stops.push(stop),
  } satisfies Partial<Wiring> as unknown as Wiring;
  const delivery = {
    runLater: () => undefined,
    send: (name: string, message: object) => void sent.push([name, message]),
  };
  const options: EmulatorOptions = {
    functions: [],
    queues: [{ name: 'ordered.fifo' }, { name: 'any' }],
    topics: [
      {
        name: 'orders.fifo',
        subscriptions: [{ queue: 'ordered.fifo', rawMessageDelivery: true }, { queue: 'any' }],
      },
    ],
  };
  const { places } = await startTopics(options, wiring, delivery);
  try {
    const parameters = {
      Action: 'Publish',
      TopicArn: places.topicArns['orders.fifo']!,
      Message: 'a',
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd',
    };
    await sendHttp(`${places.snsEndpoint}/`, { body: new URLSearchParams(parameters).toString() });
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
  expect(sent).toMatchObject([
    ['ordered.fifo', { body: 'a', groupId: 'g', deduplicationId: 'd' }],
    ['any', { groupId: 'g', deduplicationId: undefined }],
  ]);
});
