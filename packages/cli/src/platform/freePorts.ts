import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/** A taken port is passed over; so many that follow it are tried before any free one is used. */
const PORTS_TRIED = 50;
const LAST_PORT = 65_535;

/** Everything of ours listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

/**
 * Finds a free port for each wish, all of them different.
 *
 * @param wishes ports to prefer by name; undefined means any
 * @param tried how many ports after a taken one are tried before any free one is used; 50
 * @returns a port by name. Nothing holds them when this returns, so they should be used at once.
 */
export async function findFreePorts<K extends string>(
  wishes: Readonly<Record<K, number | undefined>>,
  tried: number = PORTS_TRIED,
): Promise<Record<K, number>> {
  const held: Server[] = [];
  try {
    const ports: [string, number][] = [];
    for (const [name, wish] of Object.entries(wishes) as [K, number | undefined][]) {
      // One after the other: wishes are granted in their order, and each is held until all are found.
      const server = await hold(wish, tried);
      held.push(server);
      ports.push([name, (server.address() as AddressInfo).port]);
    }
    return Object.fromEntries(ports) as Record<K, number>;
  } finally {
    await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  }
}

async function hold(wish: number | undefined, tried: number): Promise<Server> {
  const server = createServer();
  const first = wish ?? LAST_PORT + 1;
  for (let port = first; port <= first + tried && port <= LAST_PORT; port++) {
    if (await listen(server, port)) return server;
  }
  await listen(server, 0);
  return server;
}

/**
 * Lets a server listen on loopback.
 *
 * @param server not yet listening
 * @param port 0 for any
 * @returns false when the port is taken or not ours to have; any other fault is thrown
 */
export function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(false);
      else reject(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, LOOPBACK);
  });
}
