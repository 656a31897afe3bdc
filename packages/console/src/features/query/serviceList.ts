import type { ServiceList } from '../../api/types.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';

interface ServiceRecord {
  readonly service: string;
  readonly spanCount: string;
  readonly errorCount: string;
  readonly coldStartCount: string;
  readonly lastSeenUnixNano: string;
}

const SELECT_SERVICES = `
  SELECT
    ServiceName AS service,
    toString(count()) AS spanCount,
    toString(countIf(StatusCode = 'Error')) AS errorCount,
    toString(countIf(ColdStart)) AS coldStartCount,
    toString(max(toUnixTimestamp64Nano(Timestamp))) AS lastSeenUnixNano
  FROM otel_traces
  WHERE Timestamp >= fromUnixTimestamp64Milli({from:Int64})
  GROUP BY ServiceName
  ORDER BY ServiceName
  LIMIT 10000`;

const DAY_MS = 86_400_000;

/** Lists the services of the last 24 hours. */
export async function listServices(
  client: EngineClient,
  nowUnixMs: number,
  signal?: AbortSignal,
): Promise<ServiceList> {
  const from = String(Math.trunc(nowUnixMs - DAY_MS));
  const rows = await client.query<ServiceRecord>(SELECT_SERVICES, { from }, signal);
  return {
    services: rows.map((row) => ({
      service: row.service,
      spanCount: Number(row.spanCount),
      errorCount: Number(row.errorCount),
      coldStartCount: Number(row.coldStartCount),
      lastSeenUnixNano: row.lastSeenUnixNano,
    })),
  };
}
