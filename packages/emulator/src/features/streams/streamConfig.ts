import {
  refuseFilterFaults,
  refuseMeaningless,
  refuseOption,
  refuseOutOfRange,
} from '../../platform/optionFaults.ts';

/** How a stream's records come to a function: an event source mapping. */
export interface StreamMapping {
  /** Name of the function; none means that records go nowhere. */
  readonly function?: string | undefined;
  /** 1 to 10,000 records in one event; 100. */
  readonly batchSize?: number | undefined;
  /** How long a batch may be gathered, 0 to 300,000; 0. */
  readonly batchWindowMs?: number | undefined;
  /** Whether a batch whose function failed is halved for the next try; false. */
  readonly bisectBatchOnError?: boolean | undefined;
  /** How often a failed batch is tried again, 0 to 10,000; without end when left out, as on AWS. */
  readonly maxRetries?: number | undefined;
  /** Older records are dropped, 60,000 to 604,800,000; when left out, and at the latest, those of a day: so long a stream keeps them. */
  readonly maxRecordAgeMs?: number | undefined;
  /** Which records the function gets, such as `{ eventName: ['INSERT'] }` or `{ data: { kind: ['order'] } }`; at most five; all. */
  readonly filterPatterns?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** Whether the function's `batchItemFailures` are heeded; false. */
  readonly reportBatchItemFailures?: boolean | undefined;
  /** Name of a queue that is told of each batch that was given up. */
  readonly onFailure?: string | undefined;
}

/** A data stream of the stand-in for Kinesis, and the function that its records trigger. */
export interface StreamConfig extends StreamMapping {
  readonly name: string;
  /** 1 to 1,000; 1. */
  readonly shards?: number | undefined;
}

/** The stream of a DynamoDB table, which `emulator.putStreamRecords` fills. */
export interface TableStreamConfig extends StreamMapping {
  readonly table: string;
  /** What of an item a record shows; `NEW_AND_OLD_IMAGES`. */
  readonly viewType?: StreamViewType | undefined;
}

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** Throws an EmulatorError when AWS would not take a stream. */
export function refuseStreamFaults(config: StreamConfig): void {
  const { name, shards } = config;
  if (!/^[\w.-]{1,128}$/.test(name)) refuseOption(`stream ${name}`, 'letters, digits, ., - and _ only');
  refuseOutOfRange(`stream ${name}`, 'shards', shards, 1, 1000);
  refuseMappingFaults(`stream ${name}`, config);
}

/** Throws an EmulatorError when AWS would not take a table's stream. */
export function refuseTableStreamFaults(config: TableStreamConfig): void {
  if (!/^[\w.-]{3,255}$/.test(config.table))
    refuseOption(`table ${config.table}`, '3 to 255 letters, digits, ., - and _ only');
  refuseMappingFaults(`table ${config.table}`, config);
}

function refuseMappingFaults(what: string, mapping: StreamMapping): void {
  const { function: functionName, batchSize, batchWindowMs, bisectBatchOnError, maxRetries } = mapping;
  const { maxRecordAgeMs, filterPatterns, reportBatchItemFailures, onFailure } = mapping;
  refuseFilterFaults(what, filterPatterns);
  refuseOutOfRange(what, 'batchSize', batchSize, 1, 10_000);
  refuseOutOfRange(what, 'batchWindowMs', batchWindowMs, 0, 300_000);
  refuseOutOfRange(what, 'maxRetries', maxRetries, 0, 10_000);
  refuseOutOfRange(what, 'maxRecordAgeMs', maxRecordAgeMs, 60_000, 604_800_000);
  if (functionName === undefined)
    refuseMeaningless(what, 'without a function', {
      batchSize,
      batchWindowMs,
      bisectBatchOnError,
      maxRetries,
      maxRecordAgeMs,
      filterPatterns,
      reportBatchItemFailures,
      onFailure,
    });
}
