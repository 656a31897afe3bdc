import { listOption, numberOption, textOption, urlOption } from '@clickspan/shared/options';
import type { Option } from '@clickspan/shared/options';

const MAX_PORT = 65_535;
const MAX_RETENTION_DAYS = 3_650;

/** The console's options as its own program reads them; on the command line `--data-dir` for `dataDir`, and so on. */
export interface ConsoleOptionSchema {
  readonly dataDir: Option<string>;
  readonly clickhouseUrl: Option<string>;
  readonly collectorPort: Option<number>;
  readonly consolePort: Option<number>;
  readonly host: Option<string>;
  readonly retentionDays: Option<number>;
  readonly allowedHosts: Option<readonly string[]>;
  readonly [name: string]: Option<unknown>;
}

export const CONSOLE_OPTIONS: ConsoleOptionSchema = {
  dataDir: textOption({
    default: '.clickspan',
    environment: 'CLICKSPAN_DATA_DIR',
    doc: 'The directory that holds everything stored.',
  }),
  clickhouseUrl: urlOption({
    default: '',
    environment: 'CLICKHOUSE_URL',
    doc: 'A ClickHouse server to use instead of the embedded engine, with user, password and database.',
  }),
  collectorPort: numberOption({
    default: 4318,
    min: 0,
    max: MAX_PORT,
    environment: 'CLICKSPAN_COLLECTOR_PORT',
    doc: 'The port that agents send to; 0 for any free one.',
  }),
  consolePort: numberOption({
    default: 4319,
    min: 0,
    max: MAX_PORT,
    environment: 'CLICKSPAN_CONSOLE_PORT',
    doc: 'The port of the pages and the query API; 0 for any free one.',
  }),
  host: textOption({
    default: '127.0.0.1',
    environment: 'CLICKSPAN_HOST',
    doc: 'The address that both listeners bind. There is no login: bind others only behind a proxy that has one.',
  }),
  retentionDays: numberOption({
    default: 30,
    min: 0,
    max: MAX_RETENTION_DAYS,
    environment: 'CLICKSPAN_RETENTION_DAYS',
    doc: 'Whole days that spans are kept; 0 for ever.',
  }),
  allowedHosts: listOption({
    default: [],
    environment: 'CLICKSPAN_ALLOWED_HOSTS',
    doc: 'Host names beside localhost by which the console may be asked.',
  }),
};
