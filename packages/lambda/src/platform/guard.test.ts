import { describe, expect, it } from 'vitest';
import { createGuard, createReport } from './guard.ts';

describe('guard', () => {
  it('gives what is returned, and nothing where something is thrown', () => {
    const lines: string[] = [];
    const guard = createGuard((message) => lines.push(message));
    expect(guard(() => 7)).toBe(7);
    expect(
      guard(() => {
        throw new Error('inside');
      }),
    ).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('inside');
  });

  it('survives that telling fails, and that what was thrown cannot be read', () => {
    const guard = createGuard(() => {
      throw new Error('no log');
    });
    const unreadable = {
      get stack(): string {
        throw new Error('no stack');
      },
    };
    expect(
      guard(() => {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
        throw unreadable;
      }),
    ).toBeUndefined();
  });
});

describe('report', () => {
  it('writes at most once a minute, and how much it kept back', () => {
    const lines: string[] = [];
    let now = 0;
    const report = createReport(
      (line) => lines.push(line),
      () => now,
    );
    report('a');
    now = 1000;
    report('b');
    report('c');
    now = 61_000;
    report('d');
    expect(lines).toEqual(['clickspan: a\n', 'clickspan: d (2 more not shown)\n']);
    now = 0;
    report('e');
    expect(lines.at(-1)).toBe('clickspan: e\n');
  });

  it('never throws, not even where the log does', () => {
    const report = createReport(() => {
      throw new Error('no log');
    }, Date.now);
    expect(() => report('a')).not.toThrow();
  });
});
