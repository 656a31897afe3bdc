/** An Application Load Balancer whose target is a function. */
export interface LoadBalancerConfig {
  readonly name: string;
  /** Name of the function. */
  readonly function: string;
  /** The port to prefer; a taken one is passed over, 0 or none means any. */
  readonly port?: number | undefined;
  /**
   * The target group's attribute `lambda.multi_value_headers.enabled`: headers and query as lists, in the event and in
   * the answer; false.
   */
  readonly multiValueHeaders?: boolean | undefined;
}
