import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { traceAwsClient } from '@clickspan/lambda';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

const table = traceAwsClient(new DynamoDBClient({}));

/** Takes orders from the queue and marks each as on its way; only those that failed come again. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { body, messageId } of event.Records) {
    try {
      const { orderId } = JSON.parse(body) as { orderId: string };
      await table.send(
        new UpdateItemCommand({
          TableName: process.env['ORDERS_TABLE'],
          Key: { orderId: { S: orderId } },
          UpdateExpression: 'SET #status = :status',
          ConditionExpression: 'attribute_exists(orderId)',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':status': { S: 'on its way' } },
        }),
      );
      console.log(`order ${orderId} is on its way`);
    } catch (error) {
      console.error(`message ${messageId} could not be fulfilled:`, error);
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};
