import { toExceptionAttributes } from '@clickspan/shared/tracer';
import type { Attributes } from '@opentelemetry/api';
import { maskSecrets } from '../../platform/maskSecrets.ts';

/** An error that was caused by so many others says no more of them; chains may go in circles. */
const MAX_CAUSES = 5;
/** A span holds no longer values; errors that are caused by others share it. */
const MAX_STACK_LENGTH = 4096;

/**
 * The attributes of an exception by the semantic conventions: its stack is followed by those of its causes, as Java writes
 * them, and what looks like a credential is masked.
 *
 * @param exception anything that was thrown; where it cannot be read, this throws
 */
export function toMaskedException(exception: unknown): Attributes {
  const attributes = toExceptionAttributes(exception);
  const stacks = listStacks(exception, attributes);
  const longest = Math.floor(MAX_STACK_LENGTH / Math.max(1, stacks.length));
  const { 'exception.message': message } = attributes;
  return {
    ...attributes,
    'exception.message': typeof message === 'string' ? maskSecrets(message) : undefined,
    'exception.stacktrace':
      stacks.map((stack) => cutLines(maskSecrets(stack), longest)).join('\n') || undefined,
  };
}

function listStacks(exception: unknown, attributes: Attributes): string[] {
  const stacks: string[] = [];
  const seen = new Set<unknown>();
  let described = attributes;
  for (let error = exception; seen.size < MAX_CAUSES && !seen.has(error);) {
    seen.add(error);
    const text = described['exception.stacktrace'] ?? described['exception.message'];
    // A text that was thrown has no stack, and stands in the message already.
    if (typeof text === 'string' && (stacks.length > 0 || described['exception.stacktrace']))
      stacks.push(text);
    const cause = typeof error === 'object' && error !== null ? (error as Error).cause : undefined;
    if (cause === undefined || cause === null) break;
    error = cause;
    described = toExceptionAttributes(cause);
  }
  return stacks.map((stack, index) => (index === 0 ? stack : `Caused by: ${stack}`));
}

/** The first whole lines of a stack: the innermost calls. */
function cutLines(text: string, maxLength: number): string {
  if (text.length < maxLength) return text;
  const cut = text.lastIndexOf('\n', maxLength - 1);
  return text.slice(0, cut > 0 ? cut : maxLength - 1);
}
