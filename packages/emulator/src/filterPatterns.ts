import { EmulatorError } from './emulatorError.ts';
import { findPatternFault } from './platform/eventPatternFaults.ts';

/** Event source mappings take so many filters without a raised quota. */
const MAX_FILTERS = 5;

/**
 * Throws an EmulatorError when AWS would not take the filters of an event source mapping.
 *
 * @param what names the source, for the message
 * @param patterns as configured
 */
export function refuseFilterFaults(what: string, patterns: readonly unknown[] = []): void {
  const fault =
    patterns.length > MAX_FILTERS
      ? `there are ${patterns.length}, and may be ${MAX_FILTERS}`
      : patterns.map(findPatternFault).find((one) => one !== undefined);
  if (fault !== undefined)
    throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `${what}: filterPatterns: ${fault}`);
}
