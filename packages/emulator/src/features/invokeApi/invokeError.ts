/** A refusal of the Invoke API, in AWS's own shape. */
export class InvokeError extends Error {
  readonly statusCode: number;
  /** The exception's name, for example `ResourceNotFoundException`. */
  readonly code: string;
  /** Further fields of the answer's body. */
  readonly details: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: string,
    message: string,
    details: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'InvokeError';
    this.statusCode = statusCode;
    this.code = code;
    this.details = details;
  }
}
