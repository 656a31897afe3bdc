/**
 * Visits every node of a syntax tree, those outside before those within.
 *
 * @param {unknown} node in ESTree's form
 * @param {(node: Record<string, unknown>) => void} see called with each
 */
export function visitNodes(node, see) {
  if (!node || typeof node !== 'object') return;
  if (typeof node.type === 'string') see(node);
  for (const child of Object.values(node)) visitNodes(child, see);
}
