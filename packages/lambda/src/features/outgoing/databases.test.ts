import { tracingChannel } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import mysql from 'mysql2';
import { createClient } from 'redis';
import { ROOT_CONTEXT, spanOf, withSpan } from '@clickspan/shared/context';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestOutgoing } from '../../../../../test/support/outgoingEnvironment.ts';
import { observeDatabases } from './databases.ts';

const { environment, ended, faults, invocation, inInvocation } = createTestOutgoing();
const { contexts, tracer } = environment;

beforeAll(() => observeDatabases(environment, true));
beforeEach(() => {
  ended.length = 0;
  faults.length = 0;
});

const spanCount = (count: number): Promise<void> => expect.poll(() => ended.length).toBe(count);

/** A stand-in for Redis: answers every command with `+OK`, and `fail` with an error. */
async function startRedis(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const [, name] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const command = name!.toUpperCase();
        if (command === 'EXEC') socket.write('*2\r\n+OK\r\n+OK\r\n');
        else if (command === 'HELLO') socket.write("-ERR unknown command 'HELLO'\r\n");
        else if (command === 'INCR')
          socket.write("-WRONGTYPE Operation against 'secret' holding the wrong kind\r\n");
        else socket.write('+OK\r\n');
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}

/** What mysql2's own server offers on a connection. */
type Remote = Readonly<
  Record<'serverHandshake' | 'writeOk' | 'writeError' | '_resetSequenceId', (...args: unknown[]) => void>
>;

describe('mysql2', () => {
  const server = mysql.createServer(() => {});
  let port: number;
  let connection: mysql.Connection;
  beforeAll(async () => {
    server.on('connection', (remote: mysql.Connection & Remote) => {
      remote.serverHandshake({
        protocolVersion: 10,
        serverVersion: '8.0.0',
        connectionId: 1,
        statusFlags: 2,
        characterSet: 8,
        capabilityFlags: 0xffffff,
        authCallback: (_: unknown, done: (error: null) => void) => {
          done(null);
          remote._resetSequenceId();
        },
      });
      remote.on('error', () => {});
      remote.on('query', (sql: string) => {
        if (sql.includes('missing')) {
          remote.writeError({ code: 1146, message: "Table 'shop.missing' doesn't exist" });
        } else remote.writeOk({ affectedRows: 1 });
        remote._resetSequenceId();
      });
    });
    await new Promise<void>((done) => {
      (server as unknown as { listen: (port: number, host: string, done: () => void) => void }).listen(
        0,
        '127.0.0.1',
        done,
      );
    });
    port = ((server as unknown as { _server: Server })._server.address() as AddressInfo).port;
    connection = mysql.createConnection({ host: '127.0.0.1', port, user: 'u', database: 'shop' });
  });
  afterAll(() => {
    connection.destroy();
    (server as unknown as { close: (done: () => void) => void }).close(() => {});
  });

  it('statements are spans, without their values', async () => {
    const sql = 'SELECT * FROM orders WHERE id = ? AND name = ?';
    await inInvocation(() => connection.promise().query(sql, [7, "it's"]));
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({
      name: 'SELECT orders',
      kind: 2,
      parentSpanId: invocation.spanContext().spanId,
      attributes: {
        'db.system.name': 'mysql',
        'db.namespace': 'shop',
        'db.query.summary': 'SELECT orders',
        'db.query.text': 'SELECT * FROM orders WHERE id = ? AND name = ?',
        'server.address': '127.0.0.1',
        'server.port': port,
      },
    });
  });

  it('what fails says why, and no values', async () => {
    await expect(inInvocation(() => connection.promise().query('DELETE FROM missing'))).rejects.toThrow();
    expect(ended[0]).toMatchObject({
      status: { code: 2, message: "Table ? doesn't exist" },
      attributes: { 'error.type': 'ER_NO_SUCH_TABLE', 'db.response.status_code': '1146' },
    });
  });

  it('a callback runs in the context of its own call, although the connection is another’s', async () => {
    const second = tracer.startSpan('second', {}, ROOT_CONTEXT);
    const within = await new Promise((resolve, reject) => {
      inInvocation(() => connection.query('SELECT 1', () => {}));
      contexts.run(withSpan(ROOT_CONTEXT, second), () => {
        connection.query('SELECT 2', (error) => {
          if (error) reject(error);
          else resolve(spanOf(contexts.active()));
        });
      });
    });
    expect(within).toBe(second);
    await spanCount(2);
    expect(ended[1]!.parentSpanId).toBe(second.spanContext().spanId);
  });

  it('outside of an invocation nothing happens', async () => {
    await connection.promise().query('SELECT 1');
    expect(ended).toEqual([]);
  });
});

describe.each(['ioredis', 'node-redis'] as const)('%s', (driver) => {
  let server: Server;
  let client: {
    set(key: string, value: string): Promise<unknown>;
    fail(): Promise<unknown>;
    batch(): Promise<unknown>;
    end(): void;
  };
  let port: number;
  beforeAll(async () => {
    ({ server, port } = await startRedis());
    if (driver === 'ioredis') {
      const redis = new Redis({ port, host: '127.0.0.1', enableReadyCheck: false, maxRetriesPerRequest: 1 });
      await redis.set('warm', 'up');
      client = {
        set: (key, value) => redis.set(key, value),
        fail: () => redis.incr('a'),
        batch: () => redis.multi().set('a', '1').set('b', '2').exec(),
        end: () => redis.disconnect(),
      };
    } else {
      const redis = createClient({ socket: { port, host: '127.0.0.1' }, RESP: 2, disableClientInfo: true });
      redis.on('error', () => {});
      await redis.connect();
      client = {
        set: (key, value) => redis.set(key, value),
        fail: () => redis.incr('a'),
        batch: () => redis.multi().set('a', '1').set('b', '2').exec(),
        end: () => redis.destroy(),
      };
    }
  });
  afterAll(() => {
    client.end();
    server.close();
  });

  it('commands are spans, without keys and values', async () => {
    await inInvocation(() => client.set('user:1', 'secret'));
    await spanCount(1);
    expect(ended[0]!.name.toUpperCase()).toBe('SET');
    expect(ended[0]).toMatchObject({
      kind: 2,
      parentSpanId: invocation.spanContext().spanId,
      attributes: {
        'db.system.name': 'redis',
        'db.namespace': '0',
        'server.address': '127.0.0.1',
        'server.port': port,
      },
    });
    expect(JSON.stringify(ended[0]!.attributes)).not.toMatch(/user:1|secret/);
  });

  it('what fails says why', async () => {
    await expect(inInvocation(() => client.fail())).rejects.toThrow('WRONGTYPE');
    await spanCount(1);
    expect(ended[0]).toMatchObject({
      status: { code: 2, message: 'WRONGTYPE Operation against ? holding the wrong kind' },
      attributes: { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
    });
  });

  it('a transaction is one span', async () => {
    await inInvocation(() => client.batch());
    await spanCount(1);
    expect(ended[0]).toMatchObject({ name: 'MULTI', attributes: { 'db.operation.batch.size': 2 } });
    // And what comes after is not part of it.
    await inInvocation(() => client.set('a', '1'));
    await spanCount(2);
  });
});

describe('mongoose', () => {
  const Order = mongoose.model('Order', new mongoose.Schema({ name: String }, { bufferTimeoutMS: 20 }));

  it('operations are spans; without a server they fail, and say so', async () => {
    await expect(inInvocation(() => Order.findOne({ name: 'secret' }).exec())).rejects.toThrow();
    await spanCount(1);
    expect(ended[0]).toMatchObject({
      name: 'findOne orders',
      kind: 2,
      status: { code: 2 },
      attributes: {
        'db.system.name': 'mongodb',
        'db.operation.name': 'findOne',
        'db.collection.name': 'orders',
        'error.type': 'MongooseError',
      },
    });
    expect(JSON.stringify(ended[0]!.attributes)).not.toContain('secret');
  });
});

describe('mssql', () => {
  // Its driver wants a server of its own kind; this is what its version 12.7 tells.
  it('statements and procedures are spans', async () => {
    const query = tracingChannel('mssql:query');
    const execute = tracingChannel('mssql:execute');
    await inInvocation(() =>
      query.tracePromise(() => Promise.resolve(), {
        command: "SELECT a FROM dbo.t WHERE b = N'secret'",
        poolId: 1,
      }),
    );
    await inInvocation(() =>
      execute.tracePromise(() => Promise.resolve(), { procedure: 'dbo.tidy', poolId: 1 }),
    );
    expect(ended.map(({ name }) => name)).toEqual(['SELECT dbo.t', 'EXEC dbo.tidy']);
    expect(ended[0]!.attributes['db.query.text']).toBe('SELECT a FROM dbo.t WHERE b = ?');
    expect(ended[1]!.attributes['db.stored_procedure.name']).toBe('dbo.tidy');
  });
});

describe('an operation', () => {
  it('that fails at once is one span', () => {
    const query = tracingChannel('mysql2:query');
    expect(() =>
      inInvocation(() =>
        query.traceSync(
          () => {
            throw new TypeError('bad');
          },
          { query: 'SELECT 1' },
        ),
      ),
    ).toThrow('bad');
    expect(ended).toHaveLength(1);
    expect(ended[0]!.attributes['error.type']).toBe('TypeError');
  });

  it('of which nothing is told is one all the same', async () => {
    for (const message of [{}, { query: 7 }, { query: '' }, { command: null }])
      await inInvocation(() => tracingChannel('mysql2:query').tracePromise(() => Promise.resolve(), message));
    expect(ended.map(({ name }) => name)).toEqual(['mysql', 'mysql', 'mysql', 'mysql']);
    expect(faults).toEqual([]);
  });
});
