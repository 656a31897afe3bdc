import { describe, expect, it } from 'vitest';
import { decideCommit } from './commitPolicy.ts';

const MIB = 1024 * 1024;

describe('decideCommit', () => {
  it('commits at once when the engine is idle', () => {
    expect(decideCommit({ pendingBytes: 1, insertsInFlight: 0, sinceLastCommitMs: 1_000 })).toEqual({
      action: 'commit',
    });
  });

  it('waits a moment when the last commit was just now', () => {
    const decision = decideCommit({ pendingBytes: 1, insertsInFlight: 0, sinceLastCommitMs: 10 });
    expect(decision).toEqual({ action: 'wait', ms: 30 });
  });

  it('gathers small rows while an insert is under way', () => {
    const decision = decideCommit({ pendingBytes: 1, insertsInFlight: 1, sinceLastCommitMs: 1_000 });
    expect(decision).toEqual({ action: 'hold' });
  });

  it('sends a full load beside an insert that is under way, but never a third', () => {
    const full = { pendingBytes: 4 * MIB, sinceLastCommitMs: 0 };
    expect(decideCommit({ ...full, insertsInFlight: 1 })).toEqual({ action: 'commit' });
    expect(decideCommit({ ...full, insertsInFlight: 2 })).toEqual({ action: 'hold' });
  });
});
