import { describe, expect, it } from 'vitest';
import type { EngineClient } from '../../platform/clickhouse.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './schema.ts';

const NEWEST = MIGRATIONS.at(-1)!.version;

/** An engine that knows its schema's version and its table's TTL, and remembers what it was told. */
function createEngine(state: { version: number; ttlDays: number }) {
  const commands: string[] = [];
  const query = (sql: string): Promise<unknown[]> => {
    if (sql.includes('version')) return Promise.resolve([{ version: state.version }]);
    const ttl = state.ttlDays > 0 ? ` TTL toDate(Timestamp) + toIntervalDay(${state.ttlDays})` : '';
    return Promise.resolve([
      { engine_full: `MergeTree PARTITION BY toDate(Timestamp)${ttl} SETTINGS x = 1` },
    ]);
  };
  const command = (sql: string): Promise<void> => {
    commands.push(sql.trim().replaceAll(/\s+/g, ' '));
    return Promise.resolve();
  };
  return { client: { query, command } as unknown as EngineClient, commands };
}

describe('migrate', () => {
  it('makes the tables of a new directory', async () => {
    const { client, commands } = createEngine({ version: 0, ttlDays: 0 });
    await migrate(client, { retentionDays: 0 });
    expect(commands.join('\n')).toMatch(/CREATE TABLE IF NOT EXISTS otel_traces/);
    expect(commands.at(-1)).toBe(`INSERT INTO clickspan_schema (version) VALUES (${NEWEST})`);
  });

  it('leaves alone what is as it should be', async () => {
    const { client, commands } = createEngine({ version: NEWEST, ttlDays: 31 });
    await migrate(client, { retentionDays: 30 });
    expect(commands).toEqual([expect.stringContaining('CREATE TABLE IF NOT EXISTS clickspan_schema')]);
  });

  it.each([
    [30, 0, 'REMOVE TTL'],
    [0, 30, 'MODIFY TTL toDate(Timestamp) + INTERVAL 31 DAY'],
    [8, 0.5, 'MODIFY TTL toDate(Timestamp) + INTERVAL 2 DAY'],
  ])('changes a TTL of %i days for a retention of %d', async (ttlDays, retentionDays, change) => {
    const { client, commands } = createEngine({ version: NEWEST, ttlDays });
    await migrate(client, { retentionDays });
    expect(commands.at(-1)).toBe(`ALTER TABLE otel_traces ${change}`);
  });

  it('does not touch what a newer version has written', async () => {
    const { client, commands } = createEngine({ version: NEWEST + 1, ttlDays: 31 });
    await expect(migrate(client, { retentionDays: 1 })).rejects.toMatchObject({
      code: 'CLICKSPAN_CONSOLE_SCHEMA_NEWER',
    });
    expect(commands.filter((sql) => !sql.startsWith('CREATE TABLE IF NOT EXISTS'))).toEqual([]);
  });
});
