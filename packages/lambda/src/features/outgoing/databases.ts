import {
  CLICKSPAN_SPAN_TYPE,
  DB_COLLECTION_NAME,
  DB_NAMESPACE,
  DB_OPERATION_BATCH_SIZE,
  DB_OPERATION_NAME,
  DB_QUERY_SUMMARY,
  DB_QUERY_TEXT,
  DB_RESPONSE_STATUS_CODE,
  DB_STORED_PROCEDURE_NAME,
  DB_SYSTEM_NAME,
  ERROR_TYPE,
  SERVER_ADDRESS,
  SERVER_PORT,
} from '@clickspan/shared/attributes';
import { spanOf, withSpan } from '@clickspan/shared/context';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Attributes, Context } from '@opentelemetry/api';
import { createObserveChannel, createOnce } from '../../platform/channel.ts';
import { maskSecrets } from '../../platform/maskSecrets.ts';
import type { OpenCall } from './openCalls.ts';
import { SUPPRESSION } from './outgoing.ts';
import type { OutgoingEnvironment, Suppression } from './outgoing.ts';
import { createSqlReader, maskQuoted } from './sqlText.ts';

/** What drivers tell about an operation, each its own part; one object from its start to its end. */
interface Message {
  readonly query?: unknown;
  readonly command?: unknown;
  readonly operation?: unknown;
  readonly procedure?: unknown;
  readonly collection?: unknown;
  readonly database?: unknown;
  readonly batchMode?: unknown;
  readonly batchSize?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
  /** Set where it failed. */
  readonly error?: unknown;
}

interface Description {
  readonly name: string | undefined;
  readonly attributes: Attributes;
}

type Describe = (message: Message) => Description;

/** The databases whose drivers offer tracing channels, by the name that the conventions give them. */
interface Driver {
  readonly system: string;
  readonly channels: readonly string[];
  readonly describe: Describe;
}

/** One operation that is under way. */
interface Operation {
  readonly call: OpenCall;
  /** The context of the code that asked for it. */
  readonly parent: Context;
  readonly suppression: Suppression;
}

/**
 * Observes database drivers through the tracing channels that they offer themselves; so bundles hide nothing.
 *
 * @param withText whether spans get the statements, without values
 * @see https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export function observeDatabases(environment: OutgoingEnvironment, withText: boolean): void {
  const { tracer, contexts, guard, calls } = environment;
  const observe = createObserveChannel(guard);
  const known = new WeakMap<Message, Operation>();

  const begin = ({ system, describe }: Driver, message: Message): Context | undefined => {
    const parent = contexts.active();
    const suppression = parent.getValue(SUPPRESSION) as Suppression | undefined;
    // A command of a batch, which is one operation.
    if (!spanOf(parent) || suppression?.over === false) return undefined;
    const { name, attributes } = describe(message);
    const { database, serverAddress, serverPort } = message;
    const span = tracer.startSpan(
      name || system,
      {
        kind: KIND_CLIENT,
        attributes: {
          [CLICKSPAN_SPAN_TYPE]: 'call',
          [DB_SYSTEM_NAME]: system,
          [DB_NAMESPACE]: toText(database) || (typeof database === 'number' ? String(database) : undefined),
          [SERVER_ADDRESS]: toText(serverAddress),
          [SERVER_PORT]: typeof serverPort === 'number' ? serverPort : undefined,
          ...attributes,
          [DB_QUERY_TEXT]: withText ? attributes[DB_QUERY_TEXT] : undefined,
        },
      },
      parent,
    );
    const operation = { call: calls.begin(span), parent, suppression: { over: false, span } };
    known.set(message, operation);
    return withSpan(parent, span).setValue(SUPPRESSION, operation.suppression);
  };
  const end = (message: Message): void => {
    const operation = known.get(message);
    if (!operation) return;
    operation.suppression.over = true;
    if (message.error) noteError(operation.call, message.error);
    calls.end(operation.call);
  };

  for (const driver of DRIVERS) {
    for (const channel of driver.channels) {
      const batch = channel.endsWith(':batch') && driver.system === 'redis';
      const name = (event: string): string => `tracing:${channel}:${event}`;
      const follow = createOnce(() => {
        // Callbacks run in the context of a connection's socket, which may be an earlier invocation's.
        contexts.bindChannel(name('asyncStart'), (message) => known.get(message)?.parent);
        observe(name('asyncStart'), end);
        // What failed at once never becomes asynchronous.
        observe(name('end'), (message: Message) => {
          if (message.error) end(message);
        });
      });
      const start = (message: Message): Context | undefined => {
        const context = begin(driver, message);
        if (context) follow();
        return context;
      };
      // What a batch sends belongs to it; of other operations nothing that they run is ours to put below them.
      if (batch) contexts.bindChannel(name('start'), (message) => guard(() => start(message)));
      else observe(name('start'), (message: Message) => void start(message));
    }
  }
}

function createSqlDescriber(read: ReturnType<typeof createSqlReader>): Describe {
  return ({ query, command, procedure }) => {
    const sql = toText(query) ?? toText(command);
    if (sql === undefined) {
      const name = toText(procedure);
      return { name: name && `EXEC ${name}`, attributes: { [DB_STORED_PROCEDURE_NAME]: name } };
    }
    const { summary, text } = read(sql);
    return { name: summary, attributes: { [DB_QUERY_SUMMARY]: summary || undefined, [DB_QUERY_TEXT]: text } };
  };
}

/** Arguments are left out whole: keys tell of people as values do. */
const describeRedis: Describe = ({ command, batchMode, batchSize }) => {
  const operation = toText(command) ?? toText(batchMode);
  return {
    name: operation,
    attributes: {
      [DB_OPERATION_NAME]: operation,
      [DB_OPERATION_BATCH_SIZE]:
        command === undefined && Number(batchSize) > 1 ? Number(batchSize) : undefined,
    },
  };
};

const describeMongoose: Describe = ({ operation, collection }) => ({
  name: [operation, collection].filter(Boolean).join(' '),
  attributes: { [DB_OPERATION_NAME]: toText(operation), [DB_COLLECTION_NAME]: toText(collection) },
});

const DRIVERS: readonly Driver[] = [
  {
    system: 'mysql',
    channels: ['mysql2:query', 'mysql2:execute'],
    describe: createSqlDescriber(
      createSqlReader({ doubleQuotedText: true, backslash: true, hashComment: true }),
    ),
  },
  {
    system: 'redis',
    channels: ['ioredis:batch', 'ioredis:command', 'node-redis:batch', 'node-redis:command'],
    describe: describeRedis,
  },
  {
    system: 'mongodb',
    channels: ['query', 'aggregate', 'cursor:next', 'model:save', 'model:insertMany', 'model:bulkWrite'].map(
      (name) => `mongoose:${name}`,
    ),
    describe: describeMongoose,
  },
  {
    system: 'microsoft.sql_server',
    channels: ['query', 'batch', 'execute'].map((name) => `mssql:${name}`),
    describe: createSqlDescriber(
      createSqlReader({ doubleQuotedText: false, backslash: false, hashComment: false }),
    ),
  },
];

function noteError({ span }: OpenCall, error: unknown): void {
  const { name, code, errno, number, message } = error as Readonly<Record<string, unknown>>;
  const text = toText(message) ?? '';
  // Numbers of MySQL, SQL Server and MongoDB; Redis begins its messages with a word.
  const status =
    [errno, number, code].find((value) => typeof value === 'number') ?? /^[A-Z]{2,}(?= )/.exec(text)?.[0];
  const statusText = status === undefined ? undefined : String(status);
  span.setAttributes({
    [DB_RESPONSE_STATUS_CODE]: statusText,
    [ERROR_TYPE]: toText(code) ?? statusText ?? toText(name) ?? 'error',
  });
  span.setStatus({ code: STATUS_ERROR, message: maskSecrets(maskQuoted(text)) });
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
