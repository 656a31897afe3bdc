import { describe, expect, it } from 'vitest';
import { parseFetchCall } from './fetchCall.ts';

const BASE = (text: string): URL => new URL(text, 'https://shop.example/page/');
const ADDED = [['traceparent', 'stamp']] as const;

function headersOf(args: readonly unknown[]): Record<string, string> {
  return Object.fromEntries(new Headers((args[1] as RequestInit).headers));
}

describe('parseFetchCall', () => {
  it('resolves addresses as the page does', () => {
    expect(parseFetchCall(['x?y'], BASE)?.url.href).toBe('https://shop.example/page/x?y');
    expect(parseFetchCall([new URL('https://a.example')], BASE)?.url.href).toBe('https://a.example/');
  });

  it('lets options win over the request that they come with', () => {
    const request = new Request('https://a.example/', { method: 'PUT', headers: { traceparent: 'own' } });
    expect(parseFetchCall([request], BASE)).toMatchObject({ method: 'PUT', callerTraceparent: 'own' });
    const call = parseFetchCall([request, { method: 'patch', headers: {}, mode: 'no-cors' }], BASE);
    expect(call).toMatchObject({ method: 'patch', callerTraceparent: null, canCarryHeaders: false });
  });

  it('gives the very arguments back when nothing is added', () => {
    const args = ['/x', { headers: { a: '1' } }];
    expect(parseFetchCall(args, BASE)?.toArguments([])).toBe(args);
  });

  it('adds headers to copies, beside the caller’s', () => {
    const init = Object.freeze({ method: 'POST', headers: Object.freeze({ a: '1' }), body: 'b' });
    const args = parseFetchCall(['/x', init], BASE)!.toArguments(ADDED);
    expect(headersOf(args)).toEqual({ a: '1', traceparent: 'stamp' });
    expect(args[1]).toMatchObject({ method: 'POST', body: 'b' });
    expect(init.headers).toEqual({ a: '1' });
  });

  it('keeps a header that the caller has set', () => {
    const args = parseFetchCall(['/x', { headers: { Traceparent: 'own' } }], BASE)!.toArguments(ADDED);
    expect(headersOf(args)).toEqual({ traceparent: 'own' });
  });

  it('hands on headers that can be read only once', () => {
    const headers = new Map([['a', '1']]).entries();
    const args = parseFetchCall(['/x', { headers }], BASE)!.toArguments([]);
    expect(headersOf(args)).toEqual({ a: '1' });
  });

  it('reads options of a class through it', () => {
    class Options {
      readonly #method = 'PUT';
      readonly headers = { a: '1' };
      get method(): string {
        return this.#method;
      }
    }
    for (const options of [new Options(), Object.freeze(new Options())]) {
      const call = parseFetchCall(['/x', options], BASE)!;
      const init = call.toArguments(ADDED)[1] as RequestInit;
      expect(call.method).toBe('PUT');
      expect(init.method).toBe('PUT');
      expect(new Headers(init.headers).get('traceparent')).toBe('stamp');
    }
  });

  it('asks a caller’s object for each member once, and sees members that cannot be listed', () => {
    let reads = 0;
    const options = {
      get method() {
        return reads++ ? 'PUT' : 'POST';
      },
    };
    const call = parseFetchCall(['/x', options], BASE)!;
    for (const added of [[], ADDED]) {
      const init = call.toArguments(added)[1] as RequestInit;
      expect([call.method, init.method]).toEqual(['POST', 'POST']);
    }
    expect(reads).toBe(1);

    const hidden = Object.defineProperty({}, 'method', { value: 'PUT' });
    const init = parseFetchCall(['/x', hidden], BASE)!.toArguments(ADDED)[1] as RequestInit;
    expect(init.method).toBe('PUT');
  });

  it('keeps the referrer of a request whose options say nothing', () => {
    const request = new Request('https://a.example/', { referrer: 'about:client', referrerPolicy: 'origin' });
    for (const init of [undefined, {}, { headers: undefined }]) {
      const args = parseFetchCall([request, init], BASE)!.toArguments(ADDED);
      expect(args[1]).toMatchObject({ referrerPolicy: 'origin' });
    }
    const args = parseFetchCall([request, { method: 'PUT' }], BASE)!.toArguments(ADDED);
    expect(args[1]).not.toHaveProperty('referrerPolicy');
  });

  it('lets nothing through from a tampered prototype that the browser would not have seen', () => {
    const { prototype } = Object as unknown as { prototype: { method?: string } };
    const bare = Object.assign(Object.create(null) as object, { cache: 'no-store' });
    const inits = [undefined, bare, {}];
    try {
      Object.defineProperty(prototype, 'method', { value: 'PUT', configurable: true });
      const methods = inits.map(
        (init) => (parseFetchCall(['/x', init], BASE)!.toArguments(ADDED)[1] as RequestInit).method,
      );
      expect(methods).toEqual([undefined, undefined, 'PUT']);
    } finally {
      delete prototype.method;
    }
  });

  it('hands on the refusal of headers that can be read only once', () => {
    const headers = [['a b', '1']].values();
    const init = parseFetchCall(['/x', { headers }], BASE)!.toArguments(ADDED)[1] as RequestInit;
    expect(() => new Headers(init.headers)).toThrow(TypeError);
  });

  it('leaves to the browser what it will refuse', () => {
    const refused: unknown[][] = [
      [],
      ['https://%'],
      ['/x', 7],
      ['/x', { headers: { 'a b': '1' } }],
      [Symbol('s')],
      [Object.create(null)],
    ];
    for (const args of refused) expect(parseFetchCall(args, BASE)).toBeUndefined();
  });

  it('knows when the caller has given up', () => {
    const controller = new AbortController();
    const call = parseFetchCall(['/x', { signal: controller.signal }], BASE)!;
    expect(call.isAborted()).toBe(false);
    controller.abort();
    expect(call.isAborted()).toBe(true);
  });
});
