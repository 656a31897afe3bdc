import { describe, expect, it } from 'vitest';
import { toSpanDetail } from './spanDetail.ts';
import { createFixtureSpan } from './spanFixture.ts';

const detailOf = (name: string, attributes: Readonly<Record<string, string>>): string =>
  toSpanDetail(createFixtureSpan({ spanId: 'a', name, attributes }));

describe('toSpanDetail', () => {
  it('names path, table or queue', () => {
    expect(detailOf('GET', { 'url.full': 'https://api.example/catalog/42?session=1#top' })).toBe(
      '/catalog/42',
    );
    expect(detailOf('DynamoDB.PutItem', { 'db.collection.name': 'orders' })).toBe('orders');
    expect(detailOf('SQS.SendMessage', { 'messaging.destination.name': 'fulfil' })).toBe('fulfil');
  });

  it('says nothing twice', () => {
    expect(detailOf('orders process', { 'messaging.destination.name': 'orders' })).toBe('');
    expect(detailOf('GET /catalog/{id}', { 'url.path': '/catalog/42' })).toBe('');
  });

  it('says nothing where there is nothing, or nothing to read', () => {
    expect(detailOf('init', {})).toBe('');
    expect(detailOf('GET', { 'url.full': 'not a url' })).toBe('');
    expect(detailOf('x', { 'db.collection.name': 'y'.repeat(10_000) }).length).toBeLessThan(500);
  });
});
