import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const queue = new SQSClient({});

/** `POST /orders`: puts an order on the queue of the people who pack. */
export const handler = async ({ body }) => {
  const order = parseOrder(body);
  if (!order) return answer(400, { error: 'an order needs an item and a quantity' });
  const id = randomUUID();
  await queue.send(
    new SendMessageCommand({
      QueueUrl: process.env.ORDERS_QUEUE_URL,
      MessageBody: JSON.stringify({ id, ...order }),
    }),
  );
  return answer(202, { id });
};

function parseOrder(body) {
  try {
    const { item, quantity } = JSON.parse(body);
    return typeof item === 'string' && quantity > 0 ? { item, quantity } : undefined;
  } catch {
    return undefined;
  }
}

/** The HTTP API answers CORS itself. Whether a page may read its timing is the function's to say. */
function answer(statusCode, document) {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'timing-allow-origin': process.env.PAGE_ORIGIN },
    body: JSON.stringify(document),
  };
}
