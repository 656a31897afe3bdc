/** A text without any of it holds no credential: most messages. */
const SUSPECT =
  /AKIA|ASIA|eyJ|:\/\/[^\s/]{0,256}@|bearer|basic|passw|secret|token|signature|credential|api.?key|access.?key/i;

/** Nothing longer is recorded. */
const MAX_LENGTH = 8192;

/** Each with what stands for it. Bounded in how far it looks from one place, so that no text can make it slow. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // The id of an access key.
  [/\b(AKIA|ASIA)[A-Z0-9]{12,124}\b/g, '$1*'],
  // User and password of an address.
  [/(:\/\/)[^\s/?#@"']{1,256}@/g, '$1*@'],
  // What is sent in a header.
  [/\b(bearer|basic)\s{1,9}[\w.~+/=-]{6,}/gi, '$1 *'],
  [/\b(Credential|Signature)=[^\s,&"']+/g, '$1=*'],
  // A JSON Web Token.
  [/\beyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]*)?/g, '*'],
  // What is called a secret: in a query, an assignment or JSON.
  [
    /((?:passw|secret|token|signature|credential|api.?key|access.?key)[\w-]{0,20}["']?\s{0,3}[=:]\s{0,3}["']?)[^\s"'&,;)}]{4,}/gi,
    '$1*',
  ],
];

/**
 * Takes what looks like a credential out of a text: keys and signatures of AWS, passwords in addresses, tokens. Everything
 * else stays, since whoever reads an error needs it.
 *
 * @param text of any length; what is too long is cut
 */
export function maskSecrets(text: string): string {
  let masked = text.slice(0, MAX_LENGTH);
  if (!SUSPECT.test(masked)) return masked;
  for (const [pattern, mask] of SECRETS) masked = masked.replace(pattern, mask);
  return masked;
}
