/** The part of the runtime client's store that is used. */
interface InvokeStore {
  getXRayTraceId?(): unknown;
}

/**
 * The X-Ray header of the invocation under way, as the platform gave it: from the store of the runtime client (version 4),
 * which alone is right where many requests run at once, else from the environment.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function readXrayHeader(): string | undefined {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStore } };
  const header = awslambda?.InvokeStore?.getXRayTraceId?.();
  return typeof header === 'string' ? header : process.env['_X_AMZN_TRACE_ID'];
}
