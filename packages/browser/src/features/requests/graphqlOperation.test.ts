import { expect, it } from 'vitest';
import { parseGraphqlOperation } from './graphqlOperation.ts';

it.each<[query: string, operationName: string | undefined, name: string]>([
  ['query Cart { cart { id } }', undefined, 'query Cart'],
  ['mutation Pay($id: ID!) { pay(id: $id) }', 'Pay', 'mutation Pay'],
  ['{ query { id } }', undefined, 'query'],
  ['subscription { ticks }', undefined, 'subscription'],
  ['fragment F on Cart { id } query One { a } mutation Two { b }', 'Two', 'mutation Two'],
  ['fragment F on Cart { id } query One { a }', undefined, 'query One'],
])('names %s of %s', (query, operationName, name) => {
  expect(parseGraphqlOperation(JSON.stringify({ operationName, query }))?.name).toBe(name);
});

it('names a batch by its first operation', () => {
  const body = JSON.stringify([{ query: 'query A { a }' }, { query: 'query B { b }' }]);
  expect(parseGraphqlOperation(body)?.attributes).toEqual({
    'graphql.operation.type': 'query',
    'graphql.operation.name': 'A',
  });
});

it('bounds names', () => {
  const query = `query ${'x'.repeat(100)} { a }`;
  expect(parseGraphqlOperation(JSON.stringify({ query }))?.name).toBe(`query ${'x'.repeat(60)}`);
});

it('masks what a page gives as a name', () => {
  const query = 'query Cart { cart { id } }';
  const operation = parseGraphqlOperation(JSON.stringify({ query, operationName: 'of anna@a.example' }));
  expect(operation).toEqual({
    name: 'query of *',
    attributes: { 'graphql.operation.type': 'query', 'graphql.operation.name': 'of *' },
  });
});

it.each([undefined, '', '{', '7', 'null', '[]', '{"query":7}', new FormData(), 'x'.repeat(70_000)])(
  'leaves alone what is no GraphQL: %s',
  (body) => {
    expect(parseGraphqlOperation(body)).toBeUndefined();
  },
);
