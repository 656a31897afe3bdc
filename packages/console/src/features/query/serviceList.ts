import type { ServiceList, ServiceSummary } from '../../api/types.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';

const SELECT_SERVICES = `
  SELECT
    ServiceName AS service,
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
  return { services: await client.query<ServiceSummary>(SELECT_SERVICES, { from }, signal) };
}
