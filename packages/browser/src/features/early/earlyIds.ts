import type { IdSource } from '@clickspan/shared/ids';

/** A source that can be told which ids come next. */
export interface EarlyIds extends IdSource {
  /** Says what the next trace and the next span are to be; without ids, that they are new. */
  give(traceId?: string, spanId?: string): void;
}

/** Makes it over a source of new ids. */
export function createEarlyIds(source: IdSource): EarlyIds {
  let given: { traceId?: string | undefined; spanId?: string | undefined } = {};
  const take = (kind: 'traceId' | 'spanId') => (): string => {
    const id = given[kind] ?? source[kind]();
    given[kind] = undefined;
    return id;
  };
  return {
    traceId: take('traceId'),
    spanId: take('spanId'),
    give(traceId, spanId) {
      given = { traceId, spanId };
    },
  };
}
