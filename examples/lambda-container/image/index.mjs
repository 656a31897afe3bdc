/** `GET /?item=…`: asks the warehouse how many are left. */
export const handler = async ({ queryStringParameters }) => {
  const item = queryStringParameters?.item;
  if (!item) return answer(400, { error: 'which item?' });
  const response = await fetch(`${process.env.WAREHOUSE_URL}/stock/${encodeURIComponent(item)}`);
  if (!response.ok) return answer(502, { error: 'the warehouse does not tell' });
  return answer(200, await response.json());
};

/** The function URL answers CORS itself. Whether a page may read its timing is the function's to say. */
function answer(statusCode, document) {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'timing-allow-origin': process.env.PAGE_ORIGIN },
    body: JSON.stringify(document),
  };
}
