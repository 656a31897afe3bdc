import { EmulatorError } from '../emulatorError.ts';
import { findPatternFault } from './eventPatternFaults.ts';

/** Event source mappings take so many filters without a raised quota. */
const MAX_FILTERS = 5;

/**
 * Throws an EmulatorError: an option is not valid.
 *
 * @param what names the thing that is configured
 * @param detail what is wrong with it
 */
export function refuseOption(what: string, detail: string): never {
  throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `${what}: ${detail}`);
}

/**
 * Throws an EmulatorError when a number is none that AWS would take.
 *
 * @param what names the thing that is configured
 * @param name the option
 * @param value as configured; undefined is always right
 * @param least the smallest that is
 * @param most the largest that is; any, when left out
 */
export function refuseOutOfRange(
  what: string,
  name: string,
  value: number | undefined,
  least: number,
  most: number = Infinity,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  const range = most === Infinity ? `${least}` : `${least} to ${most}`;
  refuseOption(what, `${name} is ${value}, must be a whole number from ${range}`);
}

/**
 * Throws an EmulatorError when two things have one name.
 *
 * @param kind what they are
 * @param all of them
 */
export function refuseTwice(kind: string, all: readonly { readonly name: string }[]): void {
  const twice = all.find(({ name }, at) => all.findIndex((other) => other.name === name) !== at);
  if (twice)
    throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `${kind} ${twice.name} is configured twice`);
}

/**
 * Throws an EmulatorError when something is configured that means nothing without something else.
 *
 * @param what names the thing that is configured
 * @param missing says what is not there
 * @param config the options that belong to it
 */
export function refuseMeaningless(
  what: string,
  missing: string,
  config: Readonly<Record<string, unknown>>,
): void {
  const first = Object.keys(config).find((name) => config[name] !== undefined && config[name] !== false);
  if (first !== undefined) refuseOption(what, `${first} means nothing ${missing}`);
}

/**
 * Throws an EmulatorError when AWS would not take the filters of an event source mapping.
 *
 * @param what names the source
 * @param patterns as configured
 */
export function refuseFilterFaults(what: string, patterns: readonly unknown[] = []): void {
  if (patterns.length > MAX_FILTERS)
    refuseOption(what, `filterPatterns: there are ${patterns.length}, and may be ${MAX_FILTERS}`);
  const fault = patterns.map(findPatternFault).find((one) => one !== undefined);
  if (fault !== undefined) refuseOption(what, `filterPatterns: ${fault}`);
}
