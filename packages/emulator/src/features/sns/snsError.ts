/** A refusal in SNS's own words. */
export class SnsError extends Error {
  /** As the query protocol spells it, for example `InvalidParameter`. */
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.name = 'SnsError';
    this.code = code;
    this.statusCode = statusCode;
  }
}
