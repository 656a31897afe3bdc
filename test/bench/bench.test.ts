import { describe, expect, it } from 'vitest';
import { measureBrowserInit } from './browserInit.ts';
import { quantile, toFigure } from './figure.ts';
import { measureLambdaInit } from './lambdaInit.ts';

describe('bench', () => {
  it('turns a figure of the browser agent to false when its script is 20 ms slower', async () => {
    const figure = await measureBrowserInit({ rounds: 3, injectedMs: 20 });
    expect(figure.value).toBeGreaterThan(20);
    expect(figure).toMatchObject({ goal: 3, pass: false, n: 3 });
  });

  it('turns the added INIT of the layer to false when its preload is 20 ms slower', async () => {
    // As many rounds as it takes for the median to stand against a busy machine.
    const [added] = await measureLambdaInit({ rounds: 15, injectedMs: 20 });
    expect(added!.value).toBeGreaterThan(10);
    expect(added).toMatchObject({ goal: 5, pass: false, n: 15 });
  });
});

describe('toFigure', () => {
  const spec = { name: 'x', unit: 'ms', goal: 3, client: 'file' } as const;

  it('judges the median, the goal itself included', () => {
    expect(toFigure({ ...spec, better: 'less' }, [100, 3, 1])).toMatchObject({ value: 3, pass: true, n: 3 });
    expect(toFigure({ ...spec, better: 'less' }, [4, 4, 1])).toMatchObject({ value: 4, pass: false });
    expect(toFigure({ ...spec, better: 'more' }, [2, 2, 9])).toMatchObject({ value: 2, pass: false });
    expect(toFigure({ ...spec, better: 'more' }, [3])).toMatchObject({ value: 3, pass: true });
  });

  it('spreads from the first to the third quartile', () => {
    expect(toFigure({ ...spec, better: 'less' }, [1, 2, 3, 4, 5]).spread).toBe(2);
    expect(quantile([4, 1], 0.5)).toBe(2.5);
  });
});
