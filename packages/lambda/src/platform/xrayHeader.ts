import type { SpanContext } from '@opentelemetry/api';
import { FLAG_RANDOM, FLAG_SAMPLED } from '@clickspan/shared/traceContext';

const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/;
const PARENT = /^[0-9a-f]{16}$/;
const ALL_ZERO = /^0+$/;

/** The header as Lambda itself writes it, which is read at every invocation while its caller waits. */
const USUAL =
  /^Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])(?:;Lineage=[^;=]*)?$/;

/** The parts of an X-Ray trace header, by their names in lower case. */
function parseParts(header: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return parts;
}

/**
 * Our own part of the header: the W3C flags, two hex digits. It tells our ids apart from X-Ray's, so that X-Ray's
 * `Sampled` can stay as it was: it decides what X-Ray records, and charges for.
 */
const OWN_PART = 'Clickspan';

/**
 * Reads the header in which AWS services carry X-Ray's context, as `Root=1-…;Parent=…;Sampled=1`, in any order.
 *
 * @param header for example the `AWSTraceHeader` of a message
 * @returns the span that it names; `undefined` without a parent (services add a lone root to what nobody traces), and for
 *   ids of X-Ray's that are not sampled (Lambda writes `Sampled=0` where X-Ray is off, with ids that nobody has)
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function parseXrayHeader(header: string | undefined): SpanContext | undefined {
  if (!header) return undefined;
  const [, ...usual] = USUAL.exec(header) ?? [];
  if (usual.length > 0)
    return usual[3] === '1' ? toContext(usual[0]! + usual[1]!, usual[2]!, FLAG_SAMPLED) : undefined;
  const parts = parseParts(header);
  const [, epoch, rest] = ROOT.exec(parts.get('root') ?? '') ?? [];
  const spanId = parts.get('parent') ?? '';
  if (!epoch || !rest || !PARENT.test(spanId)) return undefined;
  const own = /^[0-9a-f]{2}$/.exec(parts.get(OWN_PART.toLowerCase()) ?? '')?.[0];
  if (!own && parts.get('sampled') !== '1') return undefined;
  const traceFlags = own ? parseInt(own, 16) & (FLAG_SAMPLED | FLAG_RANDOM) : FLAG_SAMPLED;
  return toContext(epoch + rest, spanId, traceFlags);
}

function toContext(traceId: string, spanId: string, traceFlags: number): SpanContext | undefined {
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags, isRemote: true };
}

/**
 * Writes our context into an X-Ray trace header, so that AWS services carry it where they carry nothing else.
 *
 * X-Ray's own context wins: where it records this invocation (`Sampled=1`) the header stays as it is. All other parts
 * stay: Lambda stops recursive loops by `Lineage`.
 *
 * @param header the header as it would be sent; `undefined` when there is none
 * @param context the span to name as parent
 * @returns the header to send, or `undefined` when the one that is there must stay
 */
export function toXrayHeader(header: string | undefined, context: SpanContext): string | undefined {
  const parts = (header ?? '').split(';').filter(Boolean);
  if (parts.some((part) => /^\s*sampled\s*=\s*1\s*$/i.test(part))) return undefined;
  const kept = parts.filter((part) => !/^\s*(root|parent|clickspan)\s*=/i.test(part));
  const { traceId, spanId, traceFlags } = context;
  const root = `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
  const flags = traceFlags.toString(16).padStart(2, '0');
  return [root, `Parent=${spanId}`, ...kept, `${OWN_PART}=${flags}`].join(';');
}
