export { startEmulator } from './boot/startEmulator.ts';
export { EmulatorError } from './emulatorError.ts';
export type { EmulatorErrorCode } from './emulatorError.ts';
export type {
  Emulator,
  EmulatorOptions,
  FunctionUrlConfig,
  HttpApiConfig,
  InvokeOptions,
  InvokeResult,
} from './boot/emulatorOptions.ts';
export type {
  FunctionConfig,
  Places,
  RuntimeName,
  Variables,
} from './features/environment/functionConfig.ts';
export { findLimits } from './features/environment/limits.ts';
export type { LogEvent } from './features/environment/logEvent.ts';
export type { EnvironmentRecord, InvocationRecord, LimitsRecord } from './features/environment/record.ts';
export { listRuntimeClients, listRuntimes } from './features/environment/runtimeClient.ts';
export type { RuntimeClientKind } from './features/environment/runtimeClient.ts';
export type { AsyncInvokeConfig } from './features/asyncInvoke/asyncInvokeConfig.ts';
export type { LoadBalancerConfig } from './features/loadBalancer/loadBalancerConfig.ts';
export type { RestAuthorizer } from './features/restApi/authorizerConfig.ts';
export type { RestApiConfig, RestCorsConfig, RestMethod } from './features/restApi/restApiConfig.ts';
export type { CorsConfig } from './features/http/cors.ts';
export type { HttpAuthorizer, PayloadFormat } from './features/http/httpAuthorizer.ts';
export type { JwtAuthorizer } from './features/http/jwtAuthorizer.ts';
export type { HttpRoute } from './features/http/routes.ts';
export type { EventRuleConfig, EventTarget, ScheduleConfig } from './features/events/eventsConfig.ts';
export type { BucketConfig, BucketNotification } from './features/s3/bucketConfig.ts';
export type { TableChange } from './features/streams/dynamoDbEvent.ts';
export type {
  StreamConfig,
  StreamMapping,
  StreamViewType,
  TableStreamConfig,
} from './features/streams/streamConfig.ts';
export type { TopicConfig, TopicSubscription } from './features/sns/topicConfig.ts';
export type { QueueConfig } from './features/sqs/queueConfig.ts';
export type {
  WebSocketApiConfig,
  WebSocketAuthorizer,
  WebSocketRoute,
} from './features/webSocket/webSocketApiConfig.ts';
export { listProcessGroup } from './platform/processGroup.ts';
export type { GroupMember } from './platform/processGroup.ts';
export { startReaper } from './platform/reaper.ts';
export type { Reaper } from './platform/reaper.ts';
