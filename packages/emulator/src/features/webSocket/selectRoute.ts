import { isObject, parseJson } from '../../platform/json.ts';

/**
 * Finds the route of a message.
 *
 * @param expression such as `$request.body.action`
 * @param routeKeys the routes that there are
 * @param body the message
 * @returns the route that the message names, or else `$default`; undefined when there is neither
 */
export function selectRoute(
  expression: string,
  routeKeys: ReadonlySet<string>,
  body: string,
): string | undefined {
  let value = parseJson(body);
  for (const name of expression.split('.').slice(2)) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  const key = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  // No message may call a route of the connection's own life.
  if (key !== undefined && !key.startsWith('$') && routeKeys.has(key)) return key;
  return routeKeys.has('$default') ? '$default' : undefined;
}
