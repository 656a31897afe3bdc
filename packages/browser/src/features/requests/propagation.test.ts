import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPropagation, type PropagationRules } from './propagation.ts';

const PAGE = 'https://shop.example';
const RULES: PropagationRules = { propagateTo: [], neverPropagateTo: [], propagateSameOrigin: true };

function decide(rules: Partial<PropagationRules>, url: string, pageOrigin = PAGE): boolean {
  return createPropagation({ ...RULES, ...rules }, pageOrigin, () => {})(new URL(url));
}

describe('propagation', () => {
  it.each<[url: string, propagateTo: string[], expected: boolean]>([
    [`${PAGE}/x`, [], true],
    ['https://api.example/x', [], false],
    ['https://api.example/x', ['https://api.example'], true],
    ['https://api.example/x', ['https://api.example/'], true],
    ['https://api.example/x', ['HTTPS://API.example:443'], true],
    ['https://api.example:8443/x', ['https://api.example'], false],
    ['http://api.example/x', ['https://api.example'], false],
    ['https://api.example.evil.example/', ['https://api.example'], false],
    ['https://evil.example/https://api.example/', ['https://api.example'], false],
    ['https://api.example/v1', ['https://api.example/v1'], true],
    ['https://api.example/v1/x', ['https://api.example/v1'], true],
    ['https://api.example/v1?x', ['https://api.example/v1/'], false],
    ['https://api.example/v10', ['https://api.example/v1'], false],
    ['https://api.example/v2/../v1/x', ['https://api.example/v1'], true],
  ])('%s with %j: %s', (url, propagateTo, expected) => {
    expect(decide({ propagateTo }, url)).toBe(expected);
  });

  it('makes exceptions, from the own origin too', () => {
    const rules = {
      propagateTo: ['https://api.example'],
      neverPropagateTo: [`${PAGE}/out`, 'https://api.example/raw'],
    };
    expect(decide(rules, `${PAGE}/out/1`)).toBe(false);
    expect(decide(rules, `${PAGE}/in`)).toBe(true);
    expect(decide(rules, 'https://api.example/raw')).toBe(false);
  });

  it('leaves the own origin out when told to, and where a page has none', () => {
    expect(decide({ propagateSameOrigin: false }, `${PAGE}/x`)).toBe(false);
    expect(decide({}, 'file:///x', 'null')).toBe(false);
  });

  it('ignores what is no address, aloud', () => {
    const said: string[] = [];
    const rules = { ...RULES, propagateTo: ['api.example', '/api', 'data:x', '*'] };
    const shouldPropagate = createPropagation(rules, PAGE, (message) => said.push(message));
    expect(said).toHaveLength(4);
    expect(shouldPropagate(new URL('https://api.example/'))).toBe(false);
  });

  it('never goes to an origin that is not listed, whatever the rest of the address holds', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (url, rest) => {
        const target = new URL(url);
        fc.pre(target.origin !== 'https://api.example');
        target.search += `https://api.example/${rest}`;
        expect(decide({ propagateTo: ['https://api.example'] }, target.href)).toBe(false);
      }),
    );
  });
});
