import { describe, expect, it } from 'vitest';
import { lazily } from './lazily.ts';

describe('lazily', () => {
  it('makes nothing before it is asked, and the same thing ever after', () => {
    let count = 0;
    const get = lazily(() => ({ count: ++count }));
    expect(count).toBe(0);
    expect(get()).toBe(get());
    expect(count).toBe(1);
  });
});
