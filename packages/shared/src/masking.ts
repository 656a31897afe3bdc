/**
 * Takes what may be personal or secret out of texts and addresses, before they leave where they were found. What is left
 * has few different values: `{id}` for a part of a path, `*` for anything else.
 *
 * Every pattern here is bounded in how far it looks from one place, so that no text can make it slow. Most write out both
 * cases: without regard to case, V8 takes three times as long to compile a class of characters, and a page waits for it.
 */

/** Longer texts are cut: nobody reads more of a message or a stack, and a page must not wait for it. Spans hold as much. */
const MAX_LENGTH = 4096;
/** What stands at the cut may be the beginning of something that would have been masked as a whole. */
const CUT_LENGTH = 64;

/** A version, a word with one digit at its end, or a file of code, whose digits are of a build. */
const KEPT_PART = /^(?:[vV]\d+|[a-zA-Z]{2,6}-?\d|[^@%=]*\.(?:[mM]?[jJ][sS]|[cC][sS]{2}))$/;
/** A part of a path that names one thing among many: by a digit, an encoded or odd character, or its length. */
const VARIABLE_PART = /[\d@%=]|^[a-fA-F]{8,}$|^.{33}/;
/** Upper case as few words have it: where there is no digit, it tells random characters. */
const RANDOM_CASE = /^(?=.*[a-z][A-Z])(?=.{16}).*[A-Z]{2}/;

/** A text without any of it has nothing to mask: most labels. (The middle is the beginning of `bearer` and `basic`.) */
const SUSPECT = /[@%=/:]|[bB][aeAE][asAS]|[\w+-]{20}|\d[ -]?\d/;

/** In texts, in this order; each with what stands for it. */
const TEXT_PATTERNS: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  // An address that holds the content itself; of that only the kind is left. Where it ends in a line cannot be known.
  [/\b(data:(?:[\w.+-]{1,64}\/[\w.+-]{1,64})?)(?:;[^\s,]{0,99})?,.*/g, '$1'],
  // User and password of an address.
  [/(:\/\/)[^\s/?#@"']{1,256}@/g, '$1'],
  // E-mail. (A frame of a Firefox stack, `f@https://…`, is none.)
  [/[^\s"<>()[\],:;=/&?@]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24}/g, '*'],
  // What is sent in a header, and what is called a secret.
  [/\b(bearer|basic)\s{1,9}[\w.~+/=-]+/gi, '$1 *'],
  [/((?:passw|secret|token|api.?key)[\w-]{0,20}["']?(?:=|:\s?["'])["']?)[^\s"'&,;)]+/gi, '$1*'],
  // Values and fragment of an address.
  [/([?&#][\w.[\]%-]{1,64}=)[^\s"'<>()&#]+/g, '$1*'],
  // The path of an address or in its fragment, or one that stands alone.
  [
    /(\w{1,20}:\/\/[^\s/?#"'<>()]*|^|[\s"'`(=#])((?:\/[^\s/?#:"'`<>()]+)+)/g,
    (_, before, path) => before + maskPath(path),
  ],
  // Keys, tokens, hashes, ids: long, and with a digit. (The second half of an AWS key pair may hold slashes.)
  [
    /[\w+=-]{20,}(?:[./]+[\w+=-]+)*|(?<![\w+/])[\w+/]{40}(?![\w+/=-])/g,
    (found) => (/\d/.test(found) && !KEPT_PART.test(found) ? '*' : found),
  ],
  // IBAN.
  [/\b[a-zA-Z]{2}\d\d(?: ?[a-zA-Z\d]{4}){2,7}(?: ?[a-zA-Z\d]{1,4})?\b/g, '*'],
  // Card numbers, and any other number of so many digits.
  [/\d(?:[ -]?\d){12,}/g, '*'],
];

/**
 * Masks a text for people: a message, a stack, a label. E-mail, numbers of cards and accounts, tokens, keys and long ids
 * become `*`, and addresses lose their values; masking twice changes nothing more.
 *
 * @param text of any length; what is too long is cut
 */
export function maskText(text: string): string {
  if (!SUSPECT.test(text)) return text.slice(0, MAX_LENGTH);
  const isLong = text.length >= MAX_LENGTH;
  let masked = isLong ? text.slice(0, MAX_LENGTH) : text;
  for (const [pattern, mask] of TEXT_PATTERNS) masked = masked.replace(pattern, mask as string);
  return isLong ? masked.slice(0, -CUT_LENGTH) : masked;
}

/**
 * Masks a path: what differs from thing to thing becomes `{id}`.
 *
 * @param path of an address, without query
 */
export function maskPath(path: string): string {
  return path
    .split('/')
    .map((part) => (isVariable(part) ? '{id}' : part))
    .join('/');
}

/**
 * Masks the path that a page shows: the one in its fragment, where a router keeps it there (`#/orders` or `#!/orders`),
 * else its own.
 */
export function maskRoute({ pathname, hash }: { readonly pathname: string; readonly hash: string }): string {
  return maskPath(/^#!?(\/[^?]*)/.exec(hash)?.[1] ?? pathname);
}

/** The parts of an address that are recorded; a `URL` and a `Location` have them. */
export interface Address {
  readonly protocol: string;
  readonly host: string;
  readonly pathname: string;
  readonly search: string;
}

/**
 * An address as it may be recorded: without user, password and fragment, its path masked, each value of its query `*`.
 *
 * @param url an absolute address
 */
export function maskUrl({ protocol, host, pathname, search }: Address): string {
  // What is no path holds the content itself, as in `data:`.
  if (!pathname.startsWith('/')) return `${protocol}*`;
  return `${protocol}//${host}${maskPath(pathname)}${search && `?${maskQuery(search.slice(1))}`}`;
}

function maskQuery(query: string): string {
  return query
    .split('&')
    .map((part) => (part.includes('=') ? maskText(part.slice(0, part.indexOf('='))) + '=' : '') + '*')
    .join('&');
}

function isVariable(part: string): boolean {
  return (VARIABLE_PART.test(part) || RANDOM_CASE.test(part)) && !KEPT_PART.test(part);
}
