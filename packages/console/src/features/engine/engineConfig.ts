import { ENGINE_KEY_HEADER } from '../../platform/clickhouse.ts';

/** More than 10 million spans needed when measured, less than a small machine has. */
const MAX_SERVER_MEMORY_BYTES = 1_500_000_000;
const MARK_CACHE_BYTES = 128 * 1024 * 1024;
const KEEP_ALIVE_S = 10;
/**
 * Merging fewer, larger groups of parts than by default: 0.6 M rows rewritten for 0.4 M inserted instead of
 * 1.55 M, which is a quarter of the engine's time during ingest, for about twice as many parts.
 */
const MERGE_SELECTOR_BASE = 20;
const MIN_PARTS_TO_MERGE = 10;

/**
 * Writes the embedded engine's configuration.
 *
 * One rule answers, and only to requests that carry the secret: every page in the user's browser can reach
 * loopback, and an open engine reads and writes files. There is no other listener.
 *
 * @param key the secret: letters and digits only
 */
export function toEngineConfig(key: string): string {
  return `<clickhouse>
  <max_server_memory_usage>${MAX_SERVER_MEMORY_BYTES}</max_server_memory_usage>
  <mark_cache_size>${MARK_CACHE_BYTES}</mark_cache_size>
  <merge_tree>
    <merge_selector_base>${MERGE_SELECTOR_BASE}</merge_selector_base>
    <min_parts_to_merge_at_once>${MIN_PARTS_TO_MERGE}</min_parts_to_merge_at_once>
  </merge_tree>
  <keep_alive_timeout>${KEEP_ALIVE_S}</keep_alive_timeout>
  <http_handlers>
    <rule>
      <headers><${ENGINE_KEY_HEADER}>${key}</${ENGINE_KEY_HEADER}></headers>
      <handler>
        <type>dynamic_query_handler</type>
        <query_param_name>query</query_param_name>
      </handler>
    </rule>
  </http_handlers>
</clickhouse>
`;
}

/**
 * The engine's arguments. Its queries open the listener on a free port, tell the port by a file, and then
 * count the lines of standard input, which never come: the engine lives as long as its parent holds the pipe.
 *
 * @param paths absolute paths; quotes and backslashes in them are escaped here
 */
export function toEngineArguments(paths: { config: string; data: string; port: string }): string[] {
  const portFile = paths.port.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return [
    `--config-file=${paths.config}`,
    `--path=${paths.data}`,
    '--listen_host=127.0.0.1',
    '--http_port=0',
    '--query',
    [
      'SYSTEM START LISTEN HTTP',
      `SELECT getServerPort('http_port') INTO OUTFILE '${portFile}' TRUNCATE FORMAT TSV`,
      "SELECT count() FROM file('-', 'LineAsString', 'l String') FORMAT Null",
    ].join('; '),
  ];
}
