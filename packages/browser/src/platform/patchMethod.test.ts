import { describe, expect, it } from 'vitest';
import { patchMethod, type Callable } from './patchMethod.ts';

interface Owner {
  add: Callable & { extra?: number };
}

const createOwner = (): Owner => ({
  add: function add(this: unknown, a: unknown, b: unknown) {
    return [this, a, b];
  },
});

describe('patchMethod', () => {
  it('hands on arguments, this, result and errors', () => {
    const owner = createOwner();
    patchMethod(owner, 'add', (original, self, args) => Reflect.apply(original, self, args));
    expect(owner.add(1, 2)).toEqual([owner, 1, 2]);
    patchMethod(owner, 'add', () => {
      throw new RangeError('own');
    });
    expect(() => owner.add()).toThrow(RangeError);
  });

  it('looks like the original', () => {
    const owner = createOwner();
    const { add } = owner;
    add.extra = 5;
    patchMethod(owner, 'add', () => undefined);
    expect(owner.add).not.toBe(add);
    expect(owner.add.name).toBe('add');
    expect(owner.add.length).toBe(2);
    expect(owner.add.extra).toBe(5);
    expect(String(owner.add)).toBe(String(add));
    const other = (): string => 'other';
    expect(owner.add.toString.call(other)).toBe(String(other));
    expect(Object.getOwnPropertyDescriptor(owner, 'add')).toMatchObject({ writable: true, enumerable: true });
  });

  it('puts the original back', () => {
    const owner = createOwner();
    const { add } = owner;
    const undo = patchMethod(owner, 'add', () => 'patched');
    expect(owner.add()).toBe('patched');
    undo();
    expect(owner.add).toBe(add);
  });

  it('replaces a method where it is, and leaves no trace where it is inherited', () => {
    const parent = createOwner();
    const { add } = parent;
    const owner = Object.create(parent) as Owner;
    const undo = patchMethod(owner, 'add', () => 'patched');
    expect([owner.add(), parent.add()]).toEqual(['patched', 'patched']);
    expect(Object.keys(owner)).toEqual([]);
    undo();
    expect(Object.keys(owner)).toEqual([]);
    expect(owner.add).toBe(add);
  });

  it('leaves the constructor of a prototype that another class shares', () => {
    function Native(): void {}
    const owner = { Wrapper: function Wrapper(): void {} };
    owner.Wrapper.prototype = Native.prototype;
    const undo = patchMethod(owner, 'Wrapper', (create, _self, args) => create(...args));
    expect(Native.prototype.constructor).toBe(Native);
    undo();
    expect(Native.prototype.constructor).toBe(Native);
  });

  it('leaves what others have put on top, and only passes on from then', () => {
    const owner = createOwner();
    const undo = patchMethod(owner, 'add', () => 'patched');
    const ours = owner.add;
    const theirs: Callable = function (...args) {
      return ['theirs', Reflect.apply(ours, this, args)];
    };
    owner.add = theirs;
    undo();
    expect(owner.add).toBe(theirs);
    expect(owner.add(1, 2)).toEqual(['theirs', [owner, 1, 2]]);
  });

  it('does nothing where there is no method, or the page allows no change', () => {
    expect(() => patchMethod(undefined, 'add', () => 1)()).not.toThrow();
    expect(() => patchMethod({}, 'add', () => 1)()).not.toThrow();
    const frozen = Object.freeze(createOwner());
    const undo = patchMethod(frozen, 'add', () => 'patched');
    expect(frozen.add(1, 2)).toEqual([frozen, 1, 2]);
    undo();
  });
});
