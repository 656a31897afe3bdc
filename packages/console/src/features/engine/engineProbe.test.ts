import { describe, expect, it } from 'vitest';
import type { PingOutcome } from '../../platform/clickhouse.ts';
import { startEngineProbe } from './engineProbe.ts';

/** Answers with these outcomes, then never again. */
async function watch(
  outcomes: readonly PingOutcome[],
): Promise<{ readonly asked: number; readonly hung: number }> {
  let [asked, hung] = [0, 0];
  const probe = await new Promise<{ stop: () => void }>((done) => {
    const started = startEngineProbe({
      intervalMs: 1,
      ping: () => {
        const outcome = outcomes[asked];
        asked++;
        if (outcome !== undefined) return Promise.resolve(outcome);
        done(started);
        return new Promise(() => undefined);
      },
      onHung: () => {
        hung++;
        done(started);
      },
    });
  });
  probe.stop();
  return { asked, hung };
}

describe('engineProbe', () => {
  it('calls an engine hung when it has been silent three times in a row', async () => {
    expect(await watch(['ok', 'silent', 'silent', 'silent', 'ok'])).toEqual({ asked: 4, hung: 1 });
  });

  it('is content with any answer, also with a refusal', async () => {
    const outcomes: PingOutcome[] = [
      'silent',
      'silent',
      'ok',
      'silent',
      'silent',
      'failing',
      'silent',
      'silent',
      'ok',
    ];
    expect((await watch(outcomes)).hung).toBe(0);
  });
});
