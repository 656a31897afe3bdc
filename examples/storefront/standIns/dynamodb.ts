// Stands in for DynamoDB: dynalite keeps the shop's one table in memory, so that the example needs no account.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';

const port = Number(process.env['PORT'] ?? 8000);
const tableName = process.env['ORDERS_TABLE'] ?? 'storefront-orders';

const server = dynalite({ createTableMs: 0 });
await new Promise<void>((resolve, reject) => {
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
});

const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
await client.send(
  new CreateTableCommand({
    TableName: tableName,
    AttributeDefinitions: [{ AttributeName: 'orderId', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'orderId', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  }),
);
client.destroy();
console.log(`ready: table ${tableName} on port ${port}`);
