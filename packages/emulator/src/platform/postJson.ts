import { request } from 'node:http';

/**
 * Posts JSON to a listener on this machine.
 *
 * @param url where
 * @param body JSON text
 * @returns whether it was taken; never rejects. A listener that is frozen answers when it runs again
 */
export function postJson(url: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve((response.statusCode ?? 500) < 300));
      response.on('close', () => resolve(false));
    });
    outgoing.on('error', () => resolve(false));
    outgoing.on('socket', (socket) => socket.unref());
    outgoing.end(body);
  });
}
