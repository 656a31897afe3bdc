import { expect, it } from 'vitest';
import { createOutageLog } from './outageLog.ts';

it('outageLog tells why nothing is stored, at once and then once a minute', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const observe = createOutageLog({ log: (line) => lines.push(line), nowMs: () => nowMs });
  observe({ status: 'stored' });
  for (; nowMs < 150_000; nowMs += 1_000) observe({ status: 'unavailable', reason: `disk full ${nowMs}` });
  observe({ status: 'stored' });
  expect(lines.map((line) => /disk full \d+/.exec(line)?.[0])).toEqual([
    'disk full 0',
    'disk full 60000',
    'disk full 120000',
  ]);
});
