import { randomUUID } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { traceAwsClient } from '@clickspan/lambda';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { findProduct } from './products.ts';

const table = traceAwsClient(new DynamoDBClient({}));
const queue = traceAwsClient(new SQSClient({}));

const MAX_BAGS = 20;

/** `POST /orders` with `{ "productId", "quantity" }`: writes the order down and asks for its fulfilment. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const order = parseOrder(event.body);
  if (typeof order === 'string') return answer(400, { message: order });

  const { product, quantity } = order;
  const orderId = randomUUID();
  const totalCents = product.priceCents * quantity;
  await table.send(
    new PutItemCommand({
      TableName: process.env['ORDERS_TABLE'],
      Item: {
        orderId: { S: orderId },
        productId: { S: product.id },
        quantity: { N: String(quantity) },
        totalCents: { N: String(totalCents) },
        status: { S: 'placed' },
      },
    }),
  );
  await queue.send(
    new SendMessageCommand({
      QueueUrl: process.env['ORDERS_QUEUE_URL'],
      MessageBody: JSON.stringify({ orderId }),
    }),
  );
  console.log(`order ${orderId}: ${quantity} × ${product.name}`);
  return answer(201, { orderId, productId: product.id, quantity, totalCents, status: 'placed' });
};

/** Reads an order from a request's body; what is wrong with it comes back as text. */
function parseOrder(body: string | undefined) {
  let order: { productId?: unknown; quantity?: unknown } | null;
  try {
    order = JSON.parse(body ?? '');
  } catch {
    return 'The order is not valid JSON.';
  }
  const product = typeof order?.productId === 'string' ? findProduct(order.productId) : undefined;
  if (!product) return 'There is no such product in this shop.';
  const quantity = order?.quantity;
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > MAX_BAGS) {
    return `An order is for 1 to ${MAX_BAGS} bags.`;
  }
  return { product, quantity };
}

function answer(statusCode: number, body: object): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
