/** The dialects differ in what is text. */
export interface SqlDialect {
  /** Double quotes hold text, not names. */
  readonly doubleQuotedText: boolean;
  /** A backslash takes the meaning from what follows it. */
  readonly backslash: boolean;
  /** A `#` begins a comment; it is part of a name elsewhere. */
  readonly hashComment: boolean;
}

/** What a statement is about, and its text without values. */
export interface SqlDescription {
  /** As `SELECT orders`: what is done to which tables. */
  readonly summary: string;
  readonly text: string;
}

/** More than this of a statement is not looked at: it would take the caller's time. */
const MAX_TEXT = 2000;
const MAX_SUMMARY = 255;

const COMMENT = String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`;
/** An open quote at the end is text too: the statement was cut. */
const quoted = (quote: string, backslash: boolean): string =>
  backslash
    ? String.raw`${quote}(?:[^${quote}\\]|\\[^]|\\$|${quote}${quote})*(?:${quote}|$)`
    : `${quote}(?:[^${quote}]|${quote}${quote})*(?:${quote}|$)`;
const NUMBER = String.raw`\b0x[0-9a-f]*|(?:\b\d|\.\d)[\d.]*(?:e[+-]?\d+)?`;
const word = (characters: string): string =>
  String.raw`[\w${characters}]*[a-z_${characters}][\w${characters}]*|\[[^\]]*\]|` + '`[^`]*`';

/** Everything of a statement that is a comment, a value or a name; what is between them has no values. */
function createPattern({ doubleQuotedText, backslash, hashComment }: SqlDialect): RegExp {
  const comment = hashComment ? String.raw`${COMMENT}|#[^\n]*` : COMMENT;
  const names = word(hashComment ? '$@' : '$@#');
  const double = quoted('"', backslash);
  const text = String.raw`(?:\b[nbxe]|_\w+)?${quoted("'", backslash)}${doubleQuotedText ? `|${double}` : ''}`;
  const name = doubleQuotedText ? names : `${names}|${double}`;
  return new RegExp(`(${comment})|(${text}|${NUMBER})|${name}`, 'gi');
}

/** Makes what masks and summarises the statements of a dialect. */
export function createSqlReader(dialect: SqlDialect): (sql: string) => SqlDescription {
  // Compiled when it is needed: most functions have no such database.
  let pattern: RegExp | undefined;
  return (sql) => {
    pattern ??= createPattern(dialect);
    const text = sql
      .slice(0, MAX_TEXT)
      .replace(pattern, (whole, comment?: string, value?: string) => (comment ? ' ' : value ? '?' : whole))
      // How many values a list has is of no use, and makes many texts of one.
      .replace(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?)')
      .replace(/\s+/g, ' ')
      .trim();
    return { text, summary: summarise(text) };
  };
}

const OPERATION =
  /\b(select|insert|update|delete|replace|merge|call|exec(?:ute)?|create|alter|drop|truncate|begin|commit|rollback|start|set|show|use)\b/i;
const TABLE = /\b(?:from|into|update|join|table|call|exec(?:ute)?)\s+(?!select\b|set\b)([\w$.#@`"[\]]+)/gi;
/** What a summary names at most. */
const MAX_TABLES = 4;

function summarise(text: string): string {
  const operation = OPERATION.exec(text)?.[0].toUpperCase();
  const tables = new Set<string>();
  for (const [, name] of text.matchAll(TABLE)) if (name && tables.size < MAX_TABLES) tables.add(name);
  return [operation, ...tables].join(' ').trim().slice(0, MAX_SUMMARY);
}

/**
 * Takes what is quoted out of an error's message: databases quote values, but for SQL Server, which puts the values of a
 * key between parentheses. An apostrophe within a word quotes nothing.
 */
export function maskQuoted(message: string): string {
  return message.replace(/(?<!\w)'[^]*?(?:'(?!\w)|$)|"[^]*?(?:"(?!\w)|$)|(?<=key value is )\([^]*\)/g, '?');
}
