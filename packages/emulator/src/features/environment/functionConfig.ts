import { refuseOption, refuseOutOfRange } from '../../platform/optionFaults.ts';

/** The runtimes that the emulator can run. */
export type RuntimeName = 'nodejs20.x' | 'nodejs22.x' | 'nodejs24.x';

export type Variables = Readonly<Record<string, string>>;

/** Where the emulator listens. */
export interface Places {
  /** URL of each HTTP API by its name. */
  readonly urls: Readonly<Record<string, string>>;
  /** URL of each function URL by its function's name. */
  readonly functionUrls: Readonly<Record<string, string>>;
  /** URL of each REST API by its name, with its stage. */
  readonly restApiUrls: Readonly<Record<string, string>>;
  /** URL of each load balancer by its name. */
  readonly loadBalancerUrls: Readonly<Record<string, string>>;
  /** URL of each WebSocket API by its name, with its stage. */
  readonly webSocketUrls: Readonly<Record<string, string>>;
  /** Where the management API (`@connections`) of each WebSocket API is: the `endpoint` of its client. */
  readonly webSocketConnectionsUrls: Readonly<Record<string, string>>;
  /** Base URL of Lambda's own Invoke API. */
  readonly lambdaEndpoint: string;
  /** Base URL of the stand-in for SNS; undefined without topics. */
  readonly snsEndpoint: string | undefined;
  /** ARN of each topic by its name. */
  readonly topicArns: Readonly<Record<string, string>>;
  /** Base URL of the stand-in for EventBridge; undefined without rules. */
  readonly eventBridgeEndpoint: string | undefined;
  /** Base URL of the stand-in for Kinesis; undefined without streams. */
  readonly kinesisEndpoint: string | undefined;
  /** Base URL of the stand-in for S3; undefined without buckets. */
  readonly s3Endpoint: string | undefined;
  /** Base URL of the stand-in for SQS; undefined without queues. */
  readonly sqsEndpoint: string | undefined;
  /** URL of each queue by its name. */
  readonly queueUrls: Readonly<Record<string, string>>;
}

/** Nothing listens yet. */
export const NO_PLACES: Places = {
  urls: {},
  functionUrls: {},
  restApiUrls: {},
  loadBalancerUrls: {},
  webSocketUrls: {},
  webSocketConnectionsUrls: {},
  lambdaEndpoint: '',
  snsEndpoint: undefined,
  topicArns: {},
  eventBridgeEndpoint: undefined,
  kinesisEndpoint: undefined,
  s3Endpoint: undefined,
  sqsEndpoint: undefined,
  queueUrls: {},
};

/** One function, as a user of AWS would configure it. */
export interface FunctionConfig {
  readonly name: string;
  /** Absolute path of the unpacked code: the task root. */
  readonly codeDir: string;
  /** `file.export`, relative to the code, for example `index.handler`. */
  readonly handler: string;
  /** `nodejs24.x` when left out. The others run on runtime client 3.3.0, as on AWS. */
  readonly runtime?: RuntimeName | undefined;
  /** 1 to 900,000; 3,000 when left out, as on AWS. */
  readonly timeoutMs?: number | undefined;
  /** 128 to 10,240; 128 when left out, as on AWS. Of managed instances 2,048 to 32,768; 2,048. */
  readonly memoryMb?: number | undefined;
  /** How logs are written: `Text`, the default, or `JSON`; the function's own and the platform's. */
  readonly logFormat?: 'Text' | 'JSON' | undefined;
  /** Variables, or what makes them once the emulator's own addresses are known. */
  readonly environment?: Variables | ((places: Places) => Variables) | undefined;
  /** Paths of layer zips; a later one writes over an earlier one. */
  readonly layers?: readonly string[] | undefined;
  /** How many environments it may have at once; 0 and more. */
  readonly reservedConcurrency?: number | undefined;
  /** So many environments are initialized before any event, and again when one has ended. */
  readonly provisionedConcurrency?: number | undefined;
  /**
   * Initializes environments as for a snapshot, one of them at the start, and tells the first event of each of a restore:
   * all are restored from one image, in which chance and time were the same. Not with `provisionedConcurrency`. AWS has
   * that for other runtimes.
   */
  readonly snapStart?: boolean | undefined;
  /**
   * Serves many requests at once in each environment, as Lambda Managed Instances do; nodejs24.x only, and neither
   * with `provisionedConcurrency` nor with `snapStart`.
   */
  readonly managedInstances?: ManagedInstancesConfig | undefined;
}

/** How an environment serves many requests at once. */
export interface ManagedInstancesConfig {
  /** The most in one environment; 1 and more. */
  readonly maxConcurrency: number;
  /** Threads of the runtime client; its own choice, eight per processor, when left out. */
  readonly workers?: number | undefined;
}

/** The same with every default in place. */
export interface FunctionSettings {
  readonly name: string;
  readonly codeDir: string;
  readonly handler: string;
  readonly runtime: RuntimeName;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly logFormat: 'Text' | 'JSON';
  /** Asked when an environment starts. */
  readonly environment: () => Variables;
  readonly layers: readonly string[];
  readonly reservedConcurrency: number;
  readonly provisionedConcurrency: number;
  readonly snapStart: boolean;
  readonly managedInstances: ManagedInstancesConfig | undefined;
  readonly arn: string;
}

/** AWS's default, and how long a function runs that was configured with nothing. */
const DEFAULT_TIMEOUT_MS = 3000;
/** The least, which is the default too, and the most. */
const MEMORY_MB = [128, 10_240] as const;
/**
 * "The minimum supported function size is 2GB and 1 vCPU"
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-best-practices.html); the most is that of
 * `MemorySize` in Lambda's API (botocore, data/lambda/2015-03-31/service-2.json: 128 to 32768).
 */
const MANAGED_MEMORY_MB = [2048, 32_768] as const;
export const DEFAULT_RUNTIME: RuntimeName = 'nodejs24.x';

/** The region and account that everything in the emulator belongs to. */
export interface Account {
  readonly region: string;
  readonly accountId: string;
}

/**
 * Fills in the defaults of a function.
 *
 * @param config what the user gave
 * @param account region and account, for the ARN
 * @param places where the emulator listens; asked when an environment starts
 * @returns the settings; throws an EmulatorError that names the function and what is wrong
 */
export function toFunctionSettings(
  config: FunctionConfig,
  account: Account,
  places: () => Places,
): FunctionSettings {
  const { name, environment = {}, managedInstances, runtime = DEFAULT_RUNTIME } = config;
  const [leastMb, mostMb] = managedInstances ? MANAGED_MEMORY_MB : MEMORY_MB;
  refuseFunctionFaults(config, leastMb, mostMb);
  if (managedInstances) refuseManagedFaults(config, managedInstances);
  return {
    name,
    codeDir: config.codeDir,
    handler: config.handler,
    runtime,
    timeoutMs: config.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    memoryMb: config.memoryMb ?? leastMb,
    logFormat: config.logFormat ?? 'Text',
    environment: () => (typeof environment === 'function' ? environment(places()) : environment),
    layers: config.layers ?? [],
    reservedConcurrency: config.reservedConcurrency ?? Number.MAX_SAFE_INTEGER,
    provisionedConcurrency: config.provisionedConcurrency ?? 0,
    snapStart: config.snapStart ?? false,
    managedInstances,
    arn: `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`,
  };
}

function refuseFunctionFaults(config: FunctionConfig, leastMb: number, mostMb: number): void {
  const { name, handler, reservedConcurrency } = config;
  const what = `function ${name}`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    refuseOption(`function name "${name}"`, 'letters, digits, - and _ only');
  if (!/^[^.\s][^\s]*\.[^\s.]+$/.test(handler))
    refuseOption(what, `handler "${handler}" must have the form file.export`);
  refuseOutOfRange(what, 'timeoutMs', config.timeoutMs, 1, 900_000);
  refuseOutOfRange(what, 'memoryMb', config.memoryMb, leastMb, mostMb);
  refuseOutOfRange(what, 'reservedConcurrency', reservedConcurrency, 0);
  refuseOutOfRange(what, 'provisionedConcurrency', config.provisionedConcurrency, 0, reservedConcurrency);
  // https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html, "Supported features and limitations".
  if (config.snapStart && (config.provisionedConcurrency ?? 0) > 0)
    refuseOption(what, 'snapStart knows no provisionedConcurrency');
}

function refuseManagedFaults(
  { name, runtime = DEFAULT_RUNTIME, snapStart = false, provisionedConcurrency = 0 }: FunctionConfig,
  { maxConcurrency, workers }: ManagedInstancesConfig,
): void {
  const what = `function ${name}`;
  refuseOutOfRange(what, 'managedInstances.maxConcurrency', maxConcurrency, 1, 1600);
  refuseOutOfRange(what, 'managedInstances.workers', workers, 1, 512);
  if (runtime !== DEFAULT_RUNTIME) refuseOption(what, `managedInstances needs ${DEFAULT_RUNTIME}`);
  if (snapStart) refuseOption(what, 'managedInstances knows no snapStart');
  if (provisionedConcurrency > 0) refuseOption(what, 'managedInstances knows no provisionedConcurrency');
}
