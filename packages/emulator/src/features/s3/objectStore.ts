import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import type { ObjectEvent } from './s3Event.ts';

/** An object as it was put. */
export interface StoredObject {
  readonly body: Buffer;
  readonly contentType: string;
  /** `x-amz-meta-…`, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Without quotes. */
  readonly eTag: string;
  readonly changedUnixMs: number;
}

/** The objects of one bucket, in memory. */
export interface ObjectStore {
  put(key: string, object: Pick<StoredObject, 'body' | 'contentType' | 'metadata'>): StoredObject;
  get(key: string): StoredObject | undefined;
  /** Nothing happens when there is none. */
  remove(key: string): void;
}

export interface ObjectStoreOptions {
  readonly bucket: string;
  readonly clock: Clock;
  readonly onEvent: (event: ObjectEvent) => void;
}

/**
 * Makes the store of one bucket.
 *
 * @param options the bucket, the clock, and whom to tell
 */
export function createObjectStore({ bucket, clock, onEvent }: ObjectStoreOptions): ObjectStore {
  const objects = new Map<string, StoredObject>();
  let events = 0;
  const tell = (event: Pick<ObjectEvent, 'eventName' | 'key' | 'size' | 'eTag'>): void => {
    const atUnixMs = clock();
    const sequencer = `${Math.floor(atUnixMs).toString(16)}${(events++).toString(16).padStart(6, '0')}`;
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    onEvent({ ...event, bucket, atUnixMs, requestId, sequencer: sequencer.toUpperCase().padStart(18, '0') });
  };
  return {
    put: (key, { body, contentType, metadata }) => {
      const eTag = createHash('md5').update(body).digest('hex');
      const object = { body, contentType, metadata, eTag, changedUnixMs: clock() };
      objects.set(key, object);
      tell({ eventName: 'ObjectCreated:Put', key, size: body.length, eTag });
      return object;
    },
    get: (key) => objects.get(key),
    remove: (key) => {
      if (objects.delete(key)) tell({ eventName: 'ObjectRemoved:Delete', key });
    },
  };
}
