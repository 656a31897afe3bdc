import { describe, expect, it } from 'vitest';
import { isPreflight, refuseCorsFaults, toCorsHeaders, toPreflightHeaders } from './cors.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html;
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html, "Cross-origin resource sharing (CORS)".

const shop = 'https://shop.example';
const cors = {
  allowOrigins: [shop],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['content-type', 'traceparent'],
  exposeHeaders: ['server-timing', 'x-id'],
  maxAgeSeconds: 600,
};

describe('the answer to a preflight', () => {
  it('allows what is configured', () => {
    const headers = {
      origin: shop,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'traceparent',
    };
    expect(toPreflightHeaders(cors, headers)).toEqual({
      'access-control-allow-origin': shop,
      vary: 'Origin',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type,traceparent',
      'access-control-max-age': '600',
    });
  });

  it('allows nothing to others', () => {
    expect(toPreflightHeaders(cors, { origin: 'https://evil.example' })).toEqual({});
    expect(toPreflightHeaders(cors, { origin: `${shop}.evil.example` })).toEqual({});
  });

  it('repeats what was asked for where everything is allowed', () => {
    const open = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] };
    const headers = {
      origin: shop,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'a,b',
    };
    expect(toPreflightHeaders(open, headers)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'a,b',
    });
  });
});

describe('the headers of an answer', () => {
  it('expose what is configured, to who is allowed', () => {
    expect(toCorsHeaders(cors, { origin: shop })).toEqual({
      'access-control-allow-origin': shop,
      vary: 'Origin',
      'access-control-expose-headers': 'server-timing,x-id',
    });
    expect(toCorsHeaders(cors, { origin: 'null' })).toEqual({});
    expect(toCorsHeaders(cors, {})).toEqual({});
  });

  it('name the origin where credentials are allowed to all', () => {
    expect(toCorsHeaders({ allowOrigins: ['*'], allowCredentials: true }, { origin: shop })).toEqual({
      'access-control-allow-origin': shop,
      vary: 'Origin',
      'access-control-allow-credentials': 'true',
    });
  });

  it('allow every origin of a scheme', () => {
    const allowOrigins = ['https://*'];
    expect(toCorsHeaders({ allowOrigins }, { origin: shop })['access-control-allow-origin']).toBe(shop);
    expect(toCorsHeaders({ allowOrigins }, { origin: 'http://shop.example' })).toEqual({});
  });
});

it('tells a preflight from an OPTIONS request of its own right', () => {
  expect(isPreflight('OPTIONS', { origin: shop, 'access-control-request-method': 'GET' })).toBe(true);
  expect(isPreflight('OPTIONS', { origin: shop })).toBe(false);
  expect(isPreflight('GET', { origin: shop, 'access-control-request-method': 'GET' })).toBe(false);
});

describe('a configuration', () => {
  const refuse = (kind: 'httpApi' | 'functionUrl', change: object) => (): void =>
    refuseCorsFaults('HTTP API shop', kind, { ...cors, ...change });

  it('with credentials for every origin is refused for an HTTP API, as AWS does, and not for a function URL', () => {
    const change = { allowOrigins: ['*'], allowCredentials: true };
    expect(refuse('httpApi', change)).toThrow('HTTP API shop: cors.allowCredentials needs origins by name');
    expect(refuse('functionUrl', change)).not.toThrow();
    expect(refuse('httpApi', { allowCredentials: true })).not.toThrow();
  });

  it.each([
    ['httpApi', -2],
    ['functionUrl', -1],
    ['httpApi', 86_401],
    ['httpApi', 0.5],
  ] as const)('of %s with an age of %d is refused', (kind, maxAgeSeconds) => {
    expect(refuse(kind, { maxAgeSeconds })).toThrow('cors.maxAgeSeconds');
  });
});
