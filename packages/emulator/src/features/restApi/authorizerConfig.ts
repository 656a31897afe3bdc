import { refuseOption, refuseOutOfRange } from '../../platform/optionFaults.ts';

/** A Lambda authorizer of a REST API's method. */
export interface RestAuthorizer {
  /** Name of the function that decides. */
  readonly function: string;
  /** Whether it gets one header, or the whole request; `TOKEN`. */
  readonly type?: 'TOKEN' | 'REQUEST' | undefined;
  /**
   * Headers that must be there, and by which a decision is kept: exactly one for `TOKEN`; `Authorization`.
   */
  readonly identityHeaders?: readonly string[] | undefined;
  /** How long a decision is kept, 0 to 3,600,000; 300,000, as on AWS. */
  readonly resultTtlMs?: number | undefined;
}

const LONGEST_TTL_MS = 3_600_000;

/**
 * Throws an EmulatorError when AWS would not take an authorizer.
 *
 * @param where names the API, for the message
 * @param authorizer as configured
 */
export function refuseAuthorizerFaults(where: string, authorizer: RestAuthorizer): void {
  const { type = 'TOKEN', identityHeaders = ['Authorization'], resultTtlMs } = authorizer;
  const what = `${where}: authorizer ${authorizer.function}`;
  if (type === 'TOKEN' && identityHeaders.length !== 1)
    refuseOption(what, 'a TOKEN authorizer has one identity header');
  if (identityHeaders.length === 0 && resultTtlMs !== 0)
    refuseOption(what, 'without identity headers no decision can be kept: resultTtlMs must be 0');
  refuseOutOfRange(what, 'resultTtlMs', resultTtlMs, 0, LONGEST_TTL_MS);
}
