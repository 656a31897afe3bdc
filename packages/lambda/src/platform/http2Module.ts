import type { ClientHttp2Session } from 'node:http2';

/** The part of `node:http2` that is used. */
export interface Http2Module {
  connect: (...args: never[]) => ClientHttp2Session;
}

/** `node:http2`, where code of the function has loaded it: on our own account it would cost a cold start 10 ms. */
export function findHttp2Module(): Http2Module | undefined {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes('NativeModule http2') ? process.getBuiltinModule('node:http2') : undefined;
}
