import { afterEach, beforeEach } from 'vitest';
import type { EmulatorOptions } from '@clickspan/emulator';
import { startFakeCollector } from './collector.ts';
import type { FakeCollector } from './collector.ts';
import { startStage } from './lambdaFixture.ts';
import type { Stage, StageFunction } from './lambdaFixture.ts';

/** What each test of a file has of its own. */
export interface TestStage {
  /** Fresh for each test. */
  readonly collector: FakeCollector;
  /** Starts the emulator of the test that runs, and ends the one before, if it has had one. */
  readonly start: (
    functions: readonly StageFunction[],
    options?: Omit<EmulatorOptions, 'functions'>,
  ) => Promise<Stage>;
}

/** Gives every test of a file a collector and an emulator, and takes them away after it. */
export function useTestStage(): TestStage {
  let collector: FakeCollector;
  let stage: Stage | undefined;
  const stop = async (): Promise<void> => {
    await stage?.stop();
    stage = undefined;
  };
  beforeEach(async () => {
    collector = await startFakeCollector();
  });
  afterEach(async () => {
    await stop();
    await collector.stop();
  });
  return {
    get collector() {
      return collector;
    },
    start: async (functions, options) => {
      await stop();
      stage = await startStage(functions, options);
      return stage;
    },
  };
}
