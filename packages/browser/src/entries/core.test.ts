import { describe, expect, it } from 'vitest';
import { allFeatures } from '../boot/features.ts';
import { FEATURES } from '../boot/optionSchema.ts';
import * as core from './core.ts';

describe('@clickspan/browser/core', () => {
  it('exports every feature by its name', () => {
    const { start, action, setRoute, startAction, ...exported } = core;
    for (const exports of [start, action.run, setRoute, startAction]) expect(exports).toBeTypeOf('function');
    expect(Object.keys(exported).sort()).toEqual(FEATURES.map((name) => `${name}Feature`).sort());
    for (const feature of Object.values(exported)) expect(feature.start).toBe(allFeatures[feature.name]);
  });

  it('starts nothing where there is no page', () => {
    expect(core.start({}, [core.clickFeature])).toBeUndefined();
  });
});
