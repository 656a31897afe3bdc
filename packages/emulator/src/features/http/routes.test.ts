import { describe, expect, it } from 'vitest';
import { createRouteMatcher } from './routes.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html: the most specific match, a greedy
// path variable after a full match, $default last.

const match = createRouteMatcher(
  [
    '$default',
    'ANY /{proxy+}',
    'GET /products/{id}',
    'GET /products/new',
    'ANY /products/{id}',
    'POST /orders',
    'GET /files/{path+}',
  ].map((route) => ({ route, function: route })),
);
const only = (...routes: string[]) => createRouteMatcher(routes.map((route) => ({ route, function: route })));

describe('createRouteMatcher', () => {
  it.each([
    ['POST', '/orders', 'POST /orders', undefined],
    ['GET', '/products/7', 'GET /products/{id}', { id: '7' }],
    ['GET', '/products/a%20b', 'GET /products/{id}', { id: 'a b' }],
    ['GET', '/products/new', 'GET /products/new', undefined],
    ['DELETE', '/products/new', 'ANY /products/{id}', { id: 'new' }],
    ['GET', '/files/a/b/c', 'GET /files/{path+}', { path: 'a/b/c' }],
    ['PUT', '/orders', 'ANY /{proxy+}', { proxy: 'orders' }],
    ['PUT', '/', 'ANY /{proxy+}', { proxy: '' }],
  ])('takes the most specific route for %s %s', (method, path, routeKey, pathParameters) => {
    expect(match(method, path)).toEqual({
      routeKey,
      functionName: routeKey,
      format: '2.0',
      pathParameters,
    });
  });

  it('takes $default for what fits no other', () => {
    expect(only('GET /a', '$default')('GET', '/b')?.routeKey).toBe('$default');
    expect(only('GET /a')('GET', '/b')).toBeUndefined();
  });

  it.each([
    ['POST', '/products/7'],
    ['GET', '/products'],
    ['GET', '/products/'],
    ['GET', '/products/7/reviews'],
  ])('leaves %s %s unmatched', (method, path) => {
    expect(only('GET /products/{id}')(method, path)).toBeUndefined();
  });

  it.each(['orders', 'GET orders', 'get /orders', 'FETCH /orders', ''])('refuses the route "%s"', (route) => {
    expect(() => only(route)).toThrow(`route "${route}"`);
  });
});
