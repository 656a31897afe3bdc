import { describe, expect, it } from 'vitest';
import { observeImports } from './imports.ts';

function start(): {
  tell: (channel: string, message: object, atMs: number) => void;
  slowest: ReturnType<typeof observeImports>;
} {
  let now = 0;
  const handlers = new Map<string, (message: never) => void>();
  const slowest = observeImports({
    observe: (name, handle) => void handlers.set(name, handle),
    now: () => now,
    taskRoot: '/var/task',
  });
  return {
    slowest,
    tell(channel, message, atMs) {
      now = atMs;
      handlers.get(`tracing:module.${channel}`)!(message as never);
    },
  };
}

describe('the slowest imports', () => {
  it('are told with what they load themselves, the slowest first', () => {
    const { tell, slowest } = start();
    const [outer, inner] = [{ id: '/var/task/outer.js' }, { id: './inner' }];
    const module = { url: 'file:///var/task/late.mjs' };
    tell('require:start', outer, 10);
    tell('require:start', inner, 12);
    tell('require:end', inner, 15);
    tell('require:end', outer, 40);
    tell('import:start', module, 50);
    tell('import:asyncEnd', module, 60);
    expect(slowest(2)).toEqual([
      { name: 'import outer.js', startUnixMs: 10, endUnixMs: 40 },
      { name: 'import late.mjs', startUnixMs: 50, endUnixMs: 60 },
    ]);
  });

  it('are neither short ones nor such as end later', () => {
    const { tell, slowest } = start();
    const [short, open] = [{ id: 'short' }, { id: 'open' }];
    tell('require:start', short, 1);
    tell('require:end', short, 1.5);
    tell('require:start', open, 2);
    expect(slowest(5)).toEqual([]);
    tell('require:end', open, 90);
    expect(slowest(5)).toEqual([]);
  });
});
