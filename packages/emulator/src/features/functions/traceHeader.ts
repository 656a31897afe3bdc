import { randomBytes } from 'node:crypto';

/**
 * Makes the `X-Amzn-Trace-Id` of an invocation. The platform makes one for each, also with tracing switched off; then
 * it says `Sampled=0`. A caller's own is continued, if it can stand in a header.
 *
 * @param incoming the caller's header, if any
 * @param nowUnixMs the time that goes into a new id
 */
export function toTraceHeader(incoming: string | undefined, nowUnixMs: number): string {
  if (incoming !== undefined && /(^|;)\s*Root=/.test(incoming) && /^[\x20-\x7e]*$/.test(incoming))
    return incoming;
  const seconds = Math.floor(nowUnixMs / 1000)
    .toString(16)
    .padStart(8, '0');
  const parent = randomBytes(8).toString('hex');
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${parent};Sampled=0`;
}
