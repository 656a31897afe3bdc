import { expect, it } from 'vitest';
import { toPathName } from './pathName.ts';

it.each([
  ['/', '/'],
  ['/orders', '/orders'],
  ['/orders/17', '/orders/{id}'],
  ['/orders/a7f3/lines/2/', '/orders/{id}/lines/{id}/'],
  ['/users/anna@a.example', '/users/{id}'],
  ['/p/' + 'x'.repeat(33), '/p/{id}'],
])('toPathName %s', (path, name) => {
  expect(toPathName(path)).toBe(name);
});
