import type { Attributes } from '@opentelemetry/api';
import { EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE } from '@clickspan/shared/attributes';
import { createGuard } from '../../platform/guard.ts';

/** What is told of an error, not yet masked. */
export interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  /** The stack and those of its causes, as consoles print them; empty where there is none. */
  readonly stack: string;
}

/** So many causes of causes are told, cycles included. */
const MAX_CAUSES = 4;
/** More than is left after masking, so that no half of a secret at this cut is. */
const MAX_LENGTH = 9000;

/** What fails here is the page's, and no news. */
const attempt = createGuard(() => {});

/**
 * Describes whatever was thrown. It may be anything: no value, a proxy, an object whose getters throw.
 *
 * @param thrown an error in the usual case
 */
export function describeError(thrown: unknown, depth: number = 0): ErrorFacts {
  const error = thrown as Partial<Error>;
  const cause = depth < MAX_CAUSES ? attempt(() => error.cause) : undefined;
  let stack = toText(() => error.stack) ?? '';
  if (cause) {
    const facts = describeError(cause, depth + 1);
    stack += `\nCaused by: ${facts.stack || `${facts.type}: ${facts.message}`}`;
  }
  return {
    type: toText(() => error.name) || typeof thrown,
    message: toText(() => error.message) ?? toText(() => String(thrown)) ?? '',
    stack,
  };
}

/** The facts by the semantic conventions. */
export function toErrorAttributes({ type, message, stack }: ErrorFacts): Attributes {
  return {
    [EXCEPTION_TYPE]: type,
    [EXCEPTION_MESSAGE]: message,
    [EXCEPTION_STACKTRACE]: stack || undefined,
  };
}

function toText(get: () => unknown): string | undefined {
  const text = attempt(get);
  return typeof text === 'string' ? text.slice(0, MAX_LENGTH) : undefined;
}
