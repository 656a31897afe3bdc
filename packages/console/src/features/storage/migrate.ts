import { ConsoleError } from '../../consoleError.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';
import {
  CREATE_SCHEMA_TABLE,
  MIGRATIONS,
  SCHEMA_TABLE,
  SPAN_TABLE,
  toRetentionStatement,
  toTtlDays,
} from './schema.ts';
import type { SchemaOptions } from './schema.ts';

/**
 * Brings the tables to this version's schema; does nothing where they are there already.
 *
 * @throws ConsoleError `CLICKSPAN_CONSOLE_SCHEMA_NEWER` when a newer console has written the data
 */
export async function migrate(client: EngineClient, options: SchemaOptions): Promise<void> {
  await client.command(CREATE_SCHEMA_TABLE);
  const [row] = await client.query<{ version: number }>(
    `SELECT max(version) AS version FROM ${SCHEMA_TABLE}`,
  );
  const current = row?.version ?? 0;
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new ConsoleError(
      'CLICKSPAN_CONSOLE_SCHEMA_NEWER',
      `Its schema is ${current}, this version knows ${newest}. Update, or use another data directory.`,
    );
  }
  for (const migration of MIGRATIONS) {
    if (migration.version <= current) continue;
    for (const statement of migration.statements) await client.command(statement);
    await client.command(`INSERT INTO ${SCHEMA_TABLE} (version) VALUES (${migration.version})`);
  }
  await applyRetention(client, options);
}

/** Changing a TTL rewrites the table's definition, so it is only done when it differs. */
async function applyRetention(client: EngineClient, options: SchemaOptions): Promise<void> {
  const [table] = await client.query<{ engine_full: string }>(
    'SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table: SPAN_TABLE },
  );
  const ttlDays = toTtlDays(options);
  const current = /TTL toDate\(Timestamp\) \+ toIntervalDay\((\d+)\)/.exec(table?.engine_full ?? '')?.[1];
  if (Number(current ?? 0) !== ttlDays) await client.command(toRetentionStatement(ttlDays));
}
