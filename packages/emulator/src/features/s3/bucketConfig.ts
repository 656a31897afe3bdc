import { refuseOption } from '../../platform/optionFaults.ts';

/** A bucket of the stand-in for S3. */
export interface BucketConfig {
  readonly name: string;
  readonly notifications?: readonly BucketNotification[] | undefined;
}

/** Who is told of a bucket's objects: a function, a queue or a topic. */
export interface BucketNotification {
  /** Name of a function; it is run asynchronously. */
  readonly function?: string | undefined;
  /** Name of a configured queue. */
  readonly queue?: string | undefined;
  /** Name of a configured topic. */
  readonly topic?: string | undefined;
  /** Which events, such as `s3:ObjectCreated:*` or `s3:ObjectRemoved:Delete`. */
  readonly events: readonly string[];
  /** Only objects whose keys begin so. */
  readonly prefix?: string | undefined;
  /** Only objects whose keys end so. */
  readonly suffix?: string | undefined;
}

/** What can happen to an object here; all else that S3 can tell of does not occur. */
export type ObjectEventName = 'ObjectCreated:Put' | 'ObjectRemoved:Delete';

const EVENT =
  /^s3:(ObjectCreated:(\*|Put|Post|Copy|CompleteMultipartUpload)|ObjectRemoved:(\*|Delete|DeleteMarkerCreated))$/;

/** Throws an EmulatorError when AWS would not take a bucket. */
export function refuseBucketFaults({ name, notifications = [] }: BucketConfig): void {
  const what = `bucket ${name}`;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    refuseOption(what, '3 to 63 lower-case letters, digits, . and - only');
  for (const { function: functionName, queue, topic, events } of notifications) {
    if ([functionName, queue, topic].filter((name) => name !== undefined).length !== 1)
      refuseOption(what, 'a notification needs one of function, queue and topic');
    const unknown = events.find((event) => !EVENT.test(event));
    if (unknown !== undefined) refuseOption(what, `there is no event ${unknown} here`);
    if (events.length === 0) refuseOption(what, 'a notification needs at least one event');
  }
}

/**
 * Tells whether a notification is about an event.
 *
 * @param notification the notification
 * @param eventName what has happened
 * @param key the object's
 */
export function isAbout(notification: BucketNotification, eventName: ObjectEventName, key: string): boolean {
  const { events, prefix = '', suffix = '' } = notification;
  const kind = eventName.slice(0, eventName.indexOf(':'));
  const named = events.includes(`s3:${eventName}`) || events.includes(`s3:${kind}:*`);
  return named && key.startsWith(prefix) && key.endsWith(suffix);
}
