import type { Feature } from './features.ts';

/** A feature that an app takes in, with its name in the option `features`. What is in it is the agent's own business. */
export interface NamedFeature {
  readonly name: string;
  readonly start: unknown;
}

/** Puts features together as an edition takes them. */
export function toFeatures(named: readonly NamedFeature[]): Readonly<Record<string, Feature>> {
  return Object.fromEntries(named.map(({ name, start }) => [name, start as Feature]));
}
