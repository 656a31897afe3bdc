import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGuard } from './guard.ts';
import { observeStreamHeads } from './responseStream.ts';

const globals = globalThis as {
  awslambda?: { HttpResponseStream: { from: (...args: unknown[]) => unknown } };
};
let written: unknown[];

beforeEach(() => {
  written = [];
  globals.awslambda = {
    HttpResponseStream: {
      from(stream, head) {
        written.push(head);
        return stream;
      },
    },
  };
});
afterEach(() => {
  delete globals.awslambda;
});
const from = (...args: unknown[]): unknown => globals.awslambda!.HttpResponseStream.from(...args);

describe('the head of a streamed response', () => {
  it('passes through whoever watches the stream, once', () => {
    const heads = observeStreamHeads(createGuard(() => {}));
    const stream = {};
    heads.watch(stream, (head) => ({ ...(head as object), changed: true }));
    expect(from(stream, { statusCode: 201 })).toBe(stream);
    from(stream, { statusCode: 202 });
    expect(written).toEqual([{ statusCode: 201, changed: true }, { statusCode: 202 }]);
  });

  it('stays as it is where nobody watches, and where who watches fails', () => {
    const heads = observeStreamHeads(createGuard(() => {}));
    const stream = {};
    heads.watch(stream, () => {
      throw new Error('a fault');
    });
    const head = { statusCode: 200 };
    from(stream, head);
    from({}, head);
    from('no stream', head);
    from(stream);
    expect(written).toEqual([head, head, head, undefined]);
    expect(written[0]).toBe(head);
  });

  it('is not looked for where the runtime client has no such thing', () => {
    delete globals.awslambda;
    const heads = observeStreamHeads(createGuard(() => {}));
    heads.watch({}, (head) => head);
    heads.watch(undefined, (head) => head);
  });

  it('is written by a function that looks as before', () => {
    const { name, length } = globals.awslambda!.HttpResponseStream.from;
    observeStreamHeads(createGuard(() => {}));
    expect([
      globals.awslambda!.HttpResponseStream.from.name,
      globals.awslambda!.HttpResponseStream.from.length,
    ]).toEqual([name, length]);
  });
});
