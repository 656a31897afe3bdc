import { RolldownMagicString } from 'rolldown';
import { visitNodes } from './visitNodes.mjs';

/** Parsing a shorter one takes no longer than the bytes that this costs are worth. */
const MIN_LENGTH = 150;

/**
 * A rollup plugin that writes longer arrow functions as `function`, where both are the same. V8 skips over the body of a
 * `function` until it is called, but reads arrow functions within a function in full each time when it reads what is around
 * them, at the start of a page or a function.
 *
 * @see https://v8.dev/blog/preparser
 */
export function skippableFunctions() {
  return {
    name: 'skippable-functions',
    renderChunk(code) {
      const text = new RolldownMagicString(code);
      visitNodes(this.parse(code), (node) => {
        if (node.type !== 'ArrowFunctionExpression') return;
        const { start, end, params, body, async: isAsync } = node;
        if (end - start < MIN_LENGTH || holdsThis(body) || holdsThis(params)) return;
        const arrow = code.indexOf('=>', params.at(-1)?.end ?? start);
        const isBlock = body.type === 'BlockStatement';
        text.appendLeft(start, `${isAsync ? 'async ' : ''}function(`);
        if (!params.length || start < params[0].start) text.remove(start, params[0]?.start ?? arrow);
        text.overwrite(params.at(-1)?.end ?? arrow, arrow + 2, isBlock ? ')' : ') { return (');
        if (!isBlock) text.appendLeft(end, '); }');
      });
      return { code: text.toString(), map: text.generateMap({ hires: true }) };
    },
  };
}

/** Whether a part of an arrow function uses what it has of the function around it. */
function holdsThis(node) {
  if (!node || typeof node !== 'object') return false;
  if (['ThisExpression', 'Super', 'MetaProperty'].includes(node.type)) return true;
  if (node.type === 'Identifier' && node.name === 'arguments') return true;
  if (node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration') return false;
  return Object.values(node).some(holdsThis);
}
