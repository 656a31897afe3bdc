import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { findProduct, products } from './products.ts';

/** `GET /catalog` and `GET /catalog/{id}`: what is for sale, and how much of it is left. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const id = event.pathParameters?.['id'];
  if (id === undefined) return answer(200, { products });
  const product = findProduct(id);
  return product ? answer(200, product) : answer(404, { message: `There is no "${id}" in this shop.` });
};

function answer(statusCode: number, body: object): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
