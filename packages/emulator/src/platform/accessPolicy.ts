import { isObject } from './json.ts';

/** What a policy says about a method. */
export type PolicyDecision = 'allowed' | 'denied' | 'explicitlyDenied';

const ACTION = 'execute-api:Invoke';

/**
 * Evaluates a policy document as IAM would for one method: a denial that fits beats all, and what nothing allows is
 * denied. Conditions are not known here: a statement with one does not fit.
 *
 * @param document what the authorizer returned
 * @param methodArn the method that is called
 * @returns the decision; undefined when the document is none
 */
export function evaluatePolicy(document: unknown, methodArn: string): PolicyDecision | undefined {
  const statements = isObject(document) ? toList(document['Statement']) : [];
  if (statements.length === 0 || !statements.every(isObject)) return undefined;
  const effects = statements
    .filter((statement) => statement['Condition'] === undefined && fits(statement, methodArn))
    .map((statement) => statement['Effect']);
  if (effects.includes('Deny')) return 'explicitlyDenied';
  return effects.includes('Allow') ? 'allowed' : 'denied';
}

function fits(statement: Readonly<Record<string, unknown>>, methodArn: string): boolean {
  const actions = toList(statement['Action']);
  const resources = toList(statement['Resource']);
  return (
    actions.some((action) => matches(action, ACTION, 'i')) &&
    resources.some((resource) => matches(resource, methodArn, ''))
  );
}

function toList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

/** An asterisk stands for any text, a question mark for one character. */
function matches(pattern: unknown, text: string, flags: string): boolean {
  if (typeof pattern !== 'string') return false;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, `s${flags}`).test(text);
}
