import type { FunctionConfig, Places } from '../features/environment/functionConfig.ts';
import type { LimitsConfig } from '../features/environment/limits.ts';
import type { LogEvent } from '../features/environment/logEvent.ts';
import type { EnvironmentRecord } from '../features/environment/record.ts';
import type { RuntimeClientKind } from '../features/environment/runtimeClient.ts';
import type { AsyncInvokeConfig } from '../features/asyncInvoke/asyncInvokeConfig.ts';
import type { LoadBalancerConfig } from '../features/loadBalancer/loadBalancerConfig.ts';
import type { RestApiConfig } from '../features/restApi/restApiConfig.ts';
import type { CorsConfig } from '../features/http/cors.ts';
import type { HttpRoute } from '../features/http/routes.ts';
import type { EventRuleConfig, ScheduleConfig } from '../features/events/eventsConfig.ts';
import type { TableChange } from '../features/streams/dynamoDbEvent.ts';
import type { StreamConfig, TableStreamConfig } from '../features/streams/streamConfig.ts';
import type { BucketConfig } from '../features/s3/bucketConfig.ts';
import type { TopicConfig } from '../features/sns/topicConfig.ts';
import type { WebSocketApiConfig } from '../features/webSocket/webSocketApiConfig.ts';
import type { QueueConfig } from '../features/sqs/queueConfig.ts';
import type { Reaper } from '../platform/reaper.ts';

/** An HTTP API (API Gateway v2) in front of functions. */
export interface HttpApiConfig {
  readonly name: string;
  /** The port to prefer; a taken one is passed over, 0 or none means any. */
  readonly port?: number | undefined;
  readonly cors?: CorsConfig | undefined;
  /** How long a function may take before the caller gets a 503; 30,000, as on AWS. */
  readonly integrationTimeoutMs?: number | undefined;
  readonly routes: readonly HttpRoute[];
}

/** A URL of a function's own. */
export interface FunctionUrlConfig {
  /** Name of the function. */
  readonly function: string;
  readonly port?: number | undefined;
  readonly cors?: CorsConfig | undefined;
  /** `RESPONSE_STREAM` sends on what the function streams as it comes; `BUFFERED`, the default, when it is whole. */
  readonly invokeMode?: 'BUFFERED' | 'RESPONSE_STREAM' | undefined;
}

/** Everything that the emulator shall be. */
export interface EmulatorOptions {
  readonly functions: readonly FunctionConfig[];
  readonly httpApis?: readonly HttpApiConfig[] | undefined;
  readonly functionUrls?: readonly FunctionUrlConfig[] | undefined;
  readonly restApis?: readonly RestApiConfig[] | undefined;
  readonly loadBalancers?: readonly LoadBalancerConfig[] | undefined;
  readonly webSocketApis?: readonly WebSocketApiConfig[] | undefined;
  /** The port that Lambda's Invoke API prefers. */
  readonly lambdaPort?: number | undefined;
  /** How asynchronous invocations of single functions are retried; AWS's defaults for those that are left out. */
  readonly asyncInvokes?: readonly AsyncInvokeConfig[] | undefined;
  /** Rules of event buses; a bus is there when a rule names it. */
  readonly eventRules?: readonly EventRuleConfig[] | undefined;
  readonly schedules?: readonly ScheduleConfig[] | undefined;
  /** The port that the EventBridge stand-in prefers. */
  readonly eventBridgePort?: number | undefined;
  /** Kinesis data streams. */
  readonly streams?: readonly StreamConfig[] | undefined;
  /** The port that the Kinesis stand-in prefers. */
  readonly kinesisPort?: number | undefined;
  /** Streams of DynamoDB tables. */
  readonly tableStreams?: readonly TableStreamConfig[] | undefined;
  readonly buckets?: readonly BucketConfig[] | undefined;
  /** The port that the S3 stand-in prefers. */
  readonly s3Port?: number | undefined;
  readonly topics?: readonly TopicConfig[] | undefined;
  /** The port that the SNS stand-in prefers. */
  readonly snsPort?: number | undefined;
  readonly queues?: readonly QueueConfig[] | undefined;
  /** The port that the SQS stand-in prefers. */
  readonly sqsPort?: number | undefined;
  /** `auto` (the default) takes the native half when it has been built. */
  readonly runtimeClient?: 'auto' | RuntimeClientKind | undefined;
  /** Stops idle environments for real; true unless set to false. */
  readonly freeze?: boolean | undefined;
  /** Which limits the kernel shall hold functions to; none. Each environment's record says what does. */
  readonly limits?: LimitsConfig | undefined;
  /** INIT's limit; 10,000, as on AWS, and on managed instances 130,000 or the function's own time limit. */
  readonly initTimeoutMs?: number | undefined;
  /** An environment idle for so long is ended; 0, the default, means never. */
  readonly idleTimeoutMs?: number | undefined;
  /** How many environments may live at once, over all functions; 50. */
  readonly maxEnvironments?: number | undefined;
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  /** Gets each line that functions and platform write. */
  readonly onLog?: ((event: LogEvent) => void) | undefined;
  /** A reaper shared with others; otherwise the emulator starts one of its own. */
  readonly reaper?: Reaper | undefined;
}

/** What a direct invocation came to. */
export interface InvokeResult {
  readonly requestId: string;
  /** Undefined when the function returned. */
  readonly functionError: string | undefined;
  /** Parsed JSON of what it returned, or of the error; the text itself when that is no JSON. */
  readonly payload: unknown;
}

/** A running emulator. */
export interface Emulator extends Places {
  /** `native` when every function's runtime client has its native half. */
  readonly runtimeClient: RuntimeClientKind;
  /** The emulator's own record of processes and invocations. */
  environments(): readonly EnvironmentRecord[];
  /**
   * Initializes environments that no caller waits for, as AWS does at times (proactive initialization).
   *
   * @param name the function
   * @param count how many; fewer where there is no room
   */
  initialize(name: string, count?: number): Promise<void>;
  /**
   * Invokes a function directly, as the Invoke API does with `RequestResponse`.
   *
   * @param name the function
   * @param event anything that JSON can say
   * @param options client context and trace header
   * @returns what it returned, or its error; throws when there is no such function or it is throttled
   */
  invoke(name: string, event: unknown, options?: InvokeOptions): Promise<InvokeResult>;
  /**
   * Runs a rule or a schedule now, whatever its expression says.
   *
   * @param name the rule with a schedule, or the schedule; throws when there is none
   */
  runSchedule(name: string): void;
  /**
   * Puts changes of items into the stream of a DynamoDB table, as the table would.
   *
   * @param table the table; throws when it has no stream
   * @param changes in order; keys and images as attribute values, such as `{ id: { S: 'a' } }`
   */
  putStreamRecords(table: string, changes: readonly TableChange[]): void;
  /**
   * Puts an object into a bucket; who is to be told of it is told.
   *
   * @param bucket the bucket; throws when there is none of that name
   * @param key the object's
   * @param body text or bytes
   */
  putObject(bucket: string, key: string, body: string | Uint8Array): void;
  stop(): Promise<void>;
}

export interface InvokeOptions {
  readonly clientContext?: unknown;
  /** `Root=1-…;Parent=…;Sampled=1`. */
  readonly traceHeader?: string | undefined;
}
