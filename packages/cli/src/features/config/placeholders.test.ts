import { describe, expect, it } from 'vitest';
import { fillEnvironment, fillPlaceholders } from './placeholders.ts';

const values = { collector: 'http://127.0.0.1:4318', 'api.shop': 'http://127.0.0.1:5174' };

describe('fillPlaceholders', () => {
  it('puts addresses in the place of their names, blanks inside the braces allowed', () => {
    expect(fillPlaceholders('{{api.shop}}/orders, {{ collector }}', values)).toBe(
      'http://127.0.0.1:5174/orders, http://127.0.0.1:4318',
    );
  });

  it("leaves the templates of the page's own framework alone", () => {
    const page = '<p>{{ user.name }}</p>{{#if x}}{{toString}}{{__proto__}}{{/if}}';
    expect(fillPlaceholders(page, values)).toBe(page);
  });

  it('fills each environment variable', () => {
    expect(fillEnvironment({ A: '{{collector}}', B: 'plain' }, values)).toEqual({
      A: 'http://127.0.0.1:4318',
      B: 'plain',
    });
  });
});
