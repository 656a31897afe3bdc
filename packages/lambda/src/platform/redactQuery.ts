import { maskSecrets } from './maskSecrets.ts';

/** Query parameters that are credentials: signatures of AWS (two generations), Google Cloud and Azure, and whatever is called one. */
const SECRET =
  /^(x-amz-(signature|credential|security-token)|awsaccesskeyid|signature|sig|x-goog-signature|auth|code|key)$|passw|secret|token|api.?key|access.?key|session.?id|jwt/i;
const REDACTED = 'REDACTED';

/**
 * Takes credentials out of a query string; everything else stays as it is.
 *
 * @param query without the question mark
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const [name = ''] = pair.split('=', 1);
      return name.length < pair.length && SECRET.test(safeDecode(name))
        ? `${name}=${REDACTED}`
        : maskSecrets(pair);
    })
    .join('&');
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
