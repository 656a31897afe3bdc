import type { ClientHttp2Session } from 'node:http2';
import { isBuiltinLoaded } from './loadedBuiltins.ts';

/** The part of `node:http2` that is used. */
export interface Http2Module {
  connect: (...args: never[]) => ClientHttp2Session;
}

/** `node:http2`, where code of the function has loaded it: it takes 10 ms. */
export function findHttp2Module(): Http2Module | undefined {
  return isBuiltinLoaded('http2') ? process.getBuiltinModule('node:http2') : undefined;
}
