/**
 * The messages that a function gives back as failed, by their ids: a text, or for Kafka a partition and an offset.
 *
 * @param result what the handler returned
 * @returns an entry for each item, `undefined` where it names no message: then the platform takes the whole batch as failed
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
 */
export function readBatchFailures(result: unknown): readonly (string | undefined)[] {
  const failures = readField(result, 'batchItemFailures');
  if (!Array.isArray(failures)) return [];
  return (failures as unknown[]).map((failure) => {
    const item = readField(failure, 'itemIdentifier');
    if (typeof item === 'string') return item || undefined;
    const [partition, offset] = [readField(item, 'partition'), readField(item, 'offset')];
    return typeof partition === 'string' && typeof offset === 'number' ? `${partition}:${offset}` : undefined;
  });
}

function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
