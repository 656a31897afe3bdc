import type { LambdaAgent } from './agents.ts';
import { rest, type Stage } from './stage.ts';

/** How much to measure. */
export interface FrozenCounts {
  readonly spans: number;
  /** At once, each with one invocation after another. */
  readonly environments: number;
  /** For which they stand still after each invocation. */
  readonly heldMs: number;
}

/** What became of the invocations. */
export interface FrozenResult {
  readonly of: number;
  /** The collector had not been told when the environment had stood still for the whole time. */
  readonly late: number;
  /** It never was: the environments were killed after the last one. */
  readonly lost: number;
}

/** What is on its way when environments are killed has arrived after this time. */
const SETTLE_MS = 300;

/**
 * Invokes a function in several environments at once, each of which is stopped (SIGSTOP) as soon as runtime and extensions
 * have asked for their next event; holds them so; again; and kills them in the end, stopped as they are.
 *
 * @param stage one that freezes
 */
export async function measureFrozen(
  stage: Stage,
  agent: LambdaAgent,
  { spans, environments, heldMs }: FrozenCounts,
): Promise<FrozenResult> {
  const intake = stage.intakeOf(agent);
  intake.forget();
  const told: (readonly string[])[] = [];
  let late = 0;
  await stage.emulator.initialize(agent.id, Math.min(environments, spans));
  while (told.length < spans) {
    const count = Math.min(environments, spans - told.length);
    const invoked = await Promise.all(Array.from({ length: count }, () => stage.invoke(agent)));
    await rest(heldMs);
    late += invoked.filter(({ ids }) => !intake.tellsOf(ids)).length;
    told.push(...invoked.map(({ ids }) => ids));
  }
  const living = stage.emulator
    .environments()
    .filter(({ functionName, state }) => functionName === agent.id && state !== 'ended');
  if (living.length > environments) throw new Error(`${agent.name} had ${living.length} environments.`);
  await stage.kill(agent);
  await rest(SETTLE_MS);
  const lost = told.filter((ids) => !intake.tellsOf(ids)).length;
  intake.forget();
  return { of: told.length, late, lost };
}
