import { describe, expect, it } from 'vitest';
import { toHttpAnswer } from './httpAnswer.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, "Lambda function
// response for format 2.0"; https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, "Response payload format".

const JSON_TYPE = 'application/json';
const read = (value: unknown) => {
  const answer = toHttpAnswer(Buffer.from(JSON.stringify(value)), JSON_TYPE);
  return answer && { ...answer, body: answer.body.toString() };
};

describe('toHttpAnswer', () => {
  it('takes an object with a statusCode as the description of an answer', () => {
    const headers = { 'Content-Type': 'text/html', 'X-Count': 3, 'X-None': null };
    expect(read({ statusCode: 201, headers, cookies: ['a=1', 'b=2; Secure'], body: '<p>✓' })).toEqual({
      statusCode: 201,
      headers: { 'Content-Type': 'text/html', 'X-Count': '3' },
      cookies: ['a=1', 'b=2; Secure'],
      body: '<p>✓',
    });
  });

  it('decodes base64', () => {
    expect(read({ statusCode: 200, body: 'AP8=', isBase64Encoded: true })?.body).toBe(
      Buffer.from([0, 255]).toString(),
    );
  });

  it('takes a body without a type as text, and no body as none', () => {
    expect(read({ statusCode: 204 })).toMatchObject({
      headers: { 'content-type': 'text/plain;charset=utf-8' },
      body: '',
    });
  });

  it.each([
    [{ message: 'hi' }, '{"message":"hi"}'],
    ['hi', 'hi'],
    [null, 'null'],
    [7, '7'],
    [[1], '[1]'],
  ])('takes %j as the body of a 200', (value, body) => {
    expect(read(value)).toEqual({
      statusCode: 200,
      headers: { 'content-type': JSON_TYPE },
      cookies: [],
      body,
    });
  });

  it.each([
    { statusCode: 'ok' },
    { statusCode: 100 },
    { statusCode: 199 },
    { statusCode: 600 },
    { statusCode: 200, body: { a: 1 } },
  ])('makes nothing of %j', (value) => {
    expect(read(value)).toBeUndefined();
  });

  it('splits a gathered stream into its prelude and its body', () => {
    const type = 'application/vnd.awslambda.http-integration-response';
    const stream = Buffer.concat([
      Buffer.from('{"statusCode":202,"headers":{"x":"y"}}'),
      Buffer.alloc(8),
      Buffer.from('body'),
    ]);
    expect(toHttpAnswer(stream, type)).toMatchObject({
      statusCode: 202,
      headers: { x: 'y' },
      body: Buffer.from('body'),
    });
    expect(toHttpAnswer(Buffer.from('{}'), type)).toBeUndefined();
  });
});
