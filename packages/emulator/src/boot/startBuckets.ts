import type { Places } from '../features/environment/functionConfig.ts';
import { isAbout, refuseBucketFaults } from '../features/s3/bucketConfig.ts';
import type { BucketConfig } from '../features/s3/bucketConfig.ts';
import { createObjectStore } from '../features/s3/objectStore.ts';
import type { ObjectStore } from '../features/s3/objectStore.ts';
import { toS3Event } from '../features/s3/s3Event.ts';
import { startS3Server } from '../features/s3/s3Server.ts';
import { EmulatorError } from '../emulatorError.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import { refuseFifoTarget, refuseUnknownTarget } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** S3's stand-in, and the way into its buckets. */
export interface RunningBuckets {
  readonly places: Pick<Places, 's3Endpoint'>;
  /** Throws when there is no such bucket. */
  putObject(bucket: string, key: string, body: string | Uint8Array): void;
}

/** What S3 calls its messages to topics. */
const SUBJECT = 'Amazon S3 Notification';
const DEFAULT_TYPE = 'application/octet-stream';

/**
 * Starts the stand-in for S3 with its buckets.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @param delivery the ways to functions and queues
 * @returns what runs; throws an EmulatorError that names a bucket which contradicts itself
 */
export async function startBuckets(
  options: EmulatorOptions,
  wiring: Wiring,
  delivery: Delivery,
): Promise<RunningBuckets> {
  const { buckets = [], s3Port = 0 } = options;
  const stores = new Map<string, ObjectStore>();
  refuseTwice('bucket', buckets);
  for (const config of buckets) {
    refuseBucketFaults(config);
    for (const target of config.notifications ?? []) {
      refuseUnknownTarget(options, wiring, target);
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
      refuseFifoTarget(`bucket ${config.name}`, target);
    }
    stores.set(config.name, createBucket(config, wiring, delivery));
  }
  const putObject: RunningBuckets['putObject'] = (bucket, key, body) => {
    const store = stores.get(bucket);
    if (!store) throw new EmulatorError('CLICKSPAN_EMULATOR_UNKNOWN', `no bucket ${bucket}`);
    store.put(key, { body: Buffer.from(body), contentType: DEFAULT_TYPE, metadata: {} });
  };
  if (buckets.length === 0) return { places: { s3Endpoint: undefined }, putObject };
  const server = await startS3Server(s3Port, stores);
  wiring.keep(() => server.stop());
  return { places: { s3Endpoint: server.endpoint }, putObject };
}

function createBucket(config: BucketConfig, wiring: Wiring, delivery: Delivery): ObjectStore {
  const { name, notifications = [] } = config;
  return createObjectStore({
    bucket: name,
    clock: wiring.clock,
    onEvent: (event) => {
      for (const [at, notification] of notifications.entries()) {
        if (!isAbout(notification, event.eventName, event.key)) continue;
        const document = toS3Event(event, wiring.account.region, `notification-${at + 1}`);
        const { function: functionName, queue, topic } = notification;
        if (functionName !== undefined) delivery.runLater(functionName, document, undefined);
        if (topic !== undefined) delivery.publish(topic, JSON.stringify(document), SUBJECT, undefined);
        if (queue !== undefined) delivery.send(queue, { body: JSON.stringify(document) });
      }
    },
  });
}
