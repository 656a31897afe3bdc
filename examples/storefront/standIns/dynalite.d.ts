declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A server that answers DynamoDB's protocol from memory; nothing listens until `listen` is called. */
  export default function dynalite(options?: {
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
}
