import type { WebSocket } from 'ws';
import type { AuthorizerContext } from './webSocketAuthorizer.ts';

/** An open connection of a WebSocket API. */
export interface Connection {
  /** As API Gateway's are: 15 characters and an equals sign. */
  readonly id: string;
  readonly connectedUnixMs: number;
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  /** Host and port that the caller used. */
  readonly domainName: string;
  /** What the authorizer of `$connect` said, where there is one. */
  readonly authorizer?: AuthorizerContext | undefined;
  readonly socket: WebSocket;
  lastActiveUnixMs: number;
}

/** What of a connection goes into events; known before it is open. */
export type ConnectionFacts = Omit<Connection, 'socket' | 'lastActiveUnixMs'>;
