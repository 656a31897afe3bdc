/** A refusal in SQS's own words. */
export class SqsError extends Error {
  /** The shape's name, for example `QueueDoesNotExist`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'SqsError';
    this.code = code;
  }
}
