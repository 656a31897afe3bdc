import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { toJson } from './json.ts';

/** The prototypes that a host may give a `toJSON`. */
const PROTOTYPES: readonly object[] = [
  Array.prototype,
  Object.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
];

afterEach(() => {
  for (const prototype of PROTOTYPES) Reflect.deleteProperty(prototype, 'toJSON');
});

describe('toJson', () => {
  it('writes what JSON.stringify writes', () => {
    const value = { a: [1, 'x', null, true, []], b: undefined, c: {}, 'd"': -0.5 };
    expect(toJson(value)).toBe('{"a":[1,"x",null,true,[]],"c":{},"d\\"":-0.5}');
  });

  it.each(PROTOTYPES.map((prototype) => [prototype.constructor.name, prototype]))(
    'writes the same where all of %s have a method toJSON',
    (_name, prototype) => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          const json = JSON.stringify(value);
          Object.assign(prototype, { toJSON: () => 'somebody else’s' });
          expect([toJson(value), toJson({ left: undefined })]).toEqual([json, '{}']);
          Reflect.deleteProperty(prototype, 'toJSON');
        }),
      );
    },
  );
});
