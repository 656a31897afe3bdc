import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import type { Emulator } from '@clickspan/emulator';

/**
 * Receives one message of a queue of the emulator's, with all its attributes; waits for it up to ten seconds.
 *
 * @param emulator the emulator
 * @param queueName the queue
 * @returns the message; throws when none has come
 */
export async function receiveMessage(emulator: Emulator, queueName: string): Promise<Message> {
  const sqs = new SQSClient({
    endpoint: emulator.sqsEndpoint!,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
  try {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: emulator.queueUrls[queueName]!,
        WaitTimeSeconds: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (!Messages[0]) throw new Error(`no message has come to the queue ${queueName}`);
    return Messages[0];
  } finally {
    sqs.destroy();
  }
}
