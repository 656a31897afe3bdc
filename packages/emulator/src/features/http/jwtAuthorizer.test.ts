import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthorizeJwt, refuseJwtAuthorizerFaults } from './jwtAuthorizer.ts';
import type { JwtAuthorizer } from './jwtAuthorizer.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html, "Authorizing API requests".

const NOW_S = 1_800_000_000;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

let issuer: string;
let asked: string[];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    response.setHeader('content-type', 'application/json');
    const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' };
    const known: Readonly<Record<string, object>> = {
      '/pool/.well-known/openid-configuration': { jwks_uri: `${issuer}/keys` },
      '/pool/keys': { keys: [key] },
    };
    const document = known[request.url!];
    response.writeHead(document ? 200 : 404).end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pool`;
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(claims: object = {}, header: object = {}, key = privateKey): string {
  const all = { iss: issuer, aud: 'shop', exp: NOW_S + 60, iat: NOW_S, sub: 'me', ...claims };
  const signed = `${encode({ alg: 'RS256', kid: 'k1', ...header })}.${encode(all)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

const authorize = createAuthorizeJwt(() => NOW_S * 1000);
const ask = (
  authorization: string | undefined,
  change: Partial<JwtAuthorizer> = {},
  url = '/',
): ReturnType<typeof authorize> =>
  authorize({ issuer, audience: ['shop'], ...change }, {
    headersDistinct: authorization === undefined ? {} : { authorization: [authorization] },
    url,
  } as unknown as IncomingMessage);

describe('a JWT authorizer', () => {
  it('lets a token of its issuer in, and hands on its claims as text', async () => {
    const claims = { level: 2, admin: true, groups: ['a', 'b'], nbf: NOW_S };
    expect(await ask(`Bearer ${token(claims)}`)).toEqual({
      status: 'allowed',
      context: {
        claims: expect.objectContaining({ sub: 'me', level: '2', admin: 'true', groups: '[a b]' }) as object,
        scopes: null,
      },
    });
    // With or without "Bearer", from wherever it is configured to be; the keys are known by now.
    asked = [];
    expect((await ask(token())).status).toBe('allowed');
    const inQuery = { identitySource: '$request.querystring.token' };
    expect((await ask(undefined, inQuery, `/?token=${token()}`)).status).toBe('allowed');
    expect(asked).toEqual([]);
  });

  it.each<[string, () => string | undefined]>([
    ['no token', () => undefined],
    ['no token at all', () => 'Bearer hello'],
    ['another issuer', () => token({ iss: 'https://else.example' })],
    ['another audience', () => token({ aud: ['books'] })],
    ['another client', () => token({ aud: undefined, client_id: 'books' })],
    ['a client in the place of its audience', () => token({ aud: 'books', client_id: 'shop' })],
    ['a time that is over', () => token({ exp: NOW_S })],
    ['no end', () => token({ exp: undefined })],
    ['a time that is to come', () => token({ nbf: NOW_S + 1 })],
    ['an issue that is to come', () => token({ iat: NOW_S + 1 })],
    ['an unknown key', () => token({}, { kid: 'k2' })],
    ['no key', () => token({}, { kid: undefined })],
    ['an algorithm that is not known', () => token({}, { alg: 'HS256' })],
    ['no algorithm', () => token({}, { alg: 'none' })],
    ['the key of somebody else', () => token({}, {}, other.privateKey)],
    [
      'claims that were changed',
      () => token().replace(/\.[^.]+\./, `.${encode({ iss: issuer, aud: 'shop' })}.`),
    ],
  ])('keeps out: %s', async (_, make) => {
    expect(await ask(make())).toEqual({ status: 'unauthorized' });
  });

  it('takes a client for the audience where a token has none, and one of several audiences', async () => {
    expect((await ask(token({ aud: undefined, client_id: 'shop' }))).status).toBe('allowed');
    expect((await ask(token({ aud: ['books', 'shop'] }))).status).toBe('allowed');
  });

  it('wants one of the scopes of its route, in scope or scp', async () => {
    const scopes = ['orders/read', 'orders/write'];
    expect(await ask(token({ scope: 'email orders/read' }), { scopes })).toMatchObject({
      status: 'allowed',
      context: { scopes: ['orders/read'] },
    });
    expect((await ask(token({ scp: ['orders/write'] }), { scopes })).status).toBe('allowed');
    expect(await ask(token({ scope: 'email' }), { scopes })).toEqual({ status: 'denied' });
    expect(await ask(token(), { scopes })).toEqual({ status: 'denied' });
  });

  it('fails where the issuer does not say where its keys are', async () => {
    expect(await ask(token(), { issuer: `${issuer}/nowhere` })).toEqual({ status: 'failed' });
  });

  it.each<[Partial<JwtAuthorizer>, string]>([
    [{ issuer: 'shop' }, 'issuer must be a URL'],
    [{ audience: [] }, 'needs an audience'],
    [{ identitySource: 'Authorization' }, 'identity source "Authorization" must be'],
  ])('with %j is refused', (change, message) => {
    const config = { issuer: 'https://a.example', audience: ['shop'], ...change };
    expect(() => refuseJwtAuthorizerFaults('HTTP API shop', config)).toThrow(message);
  });
});
