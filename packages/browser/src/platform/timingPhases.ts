import type { Attributes } from '@opentelemetry/api';
import {
  CLICKSPAN_CACHE,
  CLICKSPAN_CONNECT_MS,
  CLICKSPAN_DECODED_SIZE,
  CLICKSPAN_DNS_MS,
  CLICKSPAN_DOWNLOAD_MS,
  CLICKSPAN_TLS_MS,
  CLICKSPAN_TTFB_MS,
  HTTP_RESPONSE_BODY_SIZE,
  NETWORK_PROTOCOL_VERSION,
} from '@clickspan/shared/attributes';

/** What is shorter is the browser's own overhead, and not worth its bytes. */
const MIN_PHASE_MS = 2;

/** From one time of an entry to another in ms, to a tenth as browsers tell; `undefined` where it is hidden or too short. */
export function toPhaseMs(from: number, to: number): number | undefined {
  return to - from >= MIN_PHASE_MS ? Math.round((to - from) * 10) / 10 : undefined;
}

/**
 * Says where the time of a response went, and how big it was: only what the browser tells, and what is longer than its own
 * overhead. Of another origin it tells next to nothing unless that sends `Timing-Allow-Origin`.
 *
 * @param entry of a request or of the document
 * @param waitName the attribute of the time between having a connection and sending
 */
export function toTimingAttributes(entry: PerformanceResourceTiming, waitName: string): Attributes {
  const { connectEnd, requestStart, responseStart, transferSize, encodedBodySize, decodedBodySize } = entry;
  return {
    // Most find a connection, and each part costs a call into the browser.
    ...(toPhaseMs(entry.startTime, connectEnd) && toConnectionAttributes(entry, connectEnd)),
    [waitName]: toMs(connectEnd, requestStart),
    [CLICKSPAN_TTFB_MS]: toMs(requestStart, responseStart),
    [CLICKSPAN_DOWNLOAD_MS]: toMs(responseStart, entry.responseEnd),
    [HTTP_RESPONSE_BODY_SIZE]: encodedBodySize || undefined,
    [CLICKSPAN_DECODED_SIZE]: decodedBodySize !== encodedBodySize ? decodedBodySize : undefined,
    [CLICKSPAN_CACHE]: transferSize < encodedBodySize ? (transferSize ? 'revalidated' : 'hit') : undefined,
    [NETWORK_PROTOCOL_VERSION]: entry.nextHopProtocol?.replace(/^h(?:ttp\/)?/, '') || undefined,
  };
}

function toConnectionAttributes(entry: PerformanceResourceTiming, connectEnd: number): Attributes {
  const { secureConnectionStart } = entry;
  return {
    [CLICKSPAN_DNS_MS]: toMs(entry.domainLookupStart, entry.domainLookupEnd),
    [CLICKSPAN_CONNECT_MS]: toMs(entry.connectStart, secureConnectionStart || connectEnd),
    [CLICKSPAN_TLS_MS]: toMs(secureConnectionStart, connectEnd),
  };
}

/** What did not take place has no start. */
function toMs(from: number, to: number): number | undefined {
  return from ? toPhaseMs(from, to) : undefined;
}
