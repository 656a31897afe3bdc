import { createAwsMiddleware } from '../features/outgoing/awsClient.ts';
import type { AwsMiddleware } from '../features/outgoing/awsClient.ts';
import { observeAwsSdk } from '../features/outgoing/awsSdk.ts';
import { observeDatabases } from '../features/outgoing/databases.ts';
import { observeHttp2Client } from '../features/outgoing/http2Client.ts';
import { observeHttpClient } from '../features/outgoing/httpClient.ts';
import { createOpenCalls } from '../features/outgoing/openCalls.ts';
import type { OpenCalls } from '../features/outgoing/openCalls.ts';
import type { OutgoingEnvironment } from '../features/outgoing/outgoing.ts';
import { observeUndici } from '../features/outgoing/undici.ts';
import type { LambdaOptions } from '../options.ts';
import { readXrayHeader } from '../platform/xrayEnvironment.ts';

/** What the agent sees of the function's calls. */
export interface Outgoing {
  /** The calls under way. */
  readonly calls: OpenCalls;
  readonly awsMiddleware: AwsMiddleware;
  /** Looks for modules that were loaded since it looked before. */
  readonly look: () => void;
}

/** An SDK that is part of a bundle is never found, however often one looks. */
const MAX_LOOKS = 3;

/** Observes whatever the function may call. */
export function startOutgoing(
  environment: Omit<OutgoingEnvironment, 'calls' | 'runtimeApi' | 'xrayHeader' | 'onUnknownSdk'>,
  { awsSdk, databases }: LambdaOptions,
): Outgoing {
  const calls = createOpenCalls();
  const outgoing: OutgoingEnvironment = {
    ...environment,
    calls,
    runtimeApi: process.env['AWS_LAMBDA_RUNTIME_API'] ?? '',
    xrayHeader: readXrayHeader,
    onUnknownSdk: () => lookAgain(),
  };
  const awsMiddleware = createAwsMiddleware(outgoing);
  observeHttpClient(outgoing);
  observeUndici(outgoing);
  const lookForHttp2 = observeHttp2Client(outgoing);
  if (databases !== 'off') observeDatabases(outgoing, databases === 'text');
  const lookForSdk = awsSdk ? observeAwsSdk(awsMiddleware, outgoing.guard) : (): void => {};
  const look = (): void => {
    outgoing.guard(lookForHttp2);
    outgoing.guard(lookForSdk);
  };
  const lookAgain = createLookAgain(look);
  return { calls, awsMiddleware, look };
}

/** Looks again for modules, soon, since the function seems to have loaded some after its own code. */
function createLookAgain(look: () => void): () => void {
  let looks = 0;
  return () => {
    if (looks < MAX_LOOKS) setImmediate(look);
    looks++;
  };
}
