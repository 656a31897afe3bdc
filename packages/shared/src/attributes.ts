/**
 * Every attribute name that Clickspan writes or reads. OpenTelemetry's names first (semantic conventions 1.44), then ours.
 * One constant a name, so that a bundle holds only those that it uses.
 */

// Resource
export const SERVICE_NAME = 'service.name';
export const SERVICE_VERSION = 'service.version';
export const SERVICE_INSTANCE_ID = 'service.instance.id';
export const TELEMETRY_SDK_NAME = 'telemetry.sdk.name';
export const TELEMETRY_SDK_LANGUAGE = 'telemetry.sdk.language';
export const TELEMETRY_SDK_VERSION = 'telemetry.sdk.version';
export const DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name';
export const CLOUD_PROVIDER = 'cloud.provider';
export const CLOUD_PLATFORM = 'cloud.platform';
export const CLOUD_REGION = 'cloud.region';
export const CLOUD_ACCOUNT_ID = 'cloud.account.id';
export const CLOUD_RESOURCE_ID = 'cloud.resource_id';
export const FAAS_NAME = 'faas.name';
export const FAAS_VERSION = 'faas.version';
export const FAAS_INSTANCE = 'faas.instance';
export const FAAS_MAX_MEMORY = 'faas.max_memory';
export const PROCESS_RUNTIME_NAME = 'process.runtime.name';
export const PROCESS_RUNTIME_VERSION = 'process.runtime.version';
export const USER_AGENT_ORIGINAL = 'user_agent.original';
export const BROWSER_LANGUAGE = 'browser.language';

// Functions
export const FAAS_COLDSTART = 'faas.coldstart';
export const FAAS_INVOCATION_ID = 'faas.invocation_id';
export const FAAS_TRIGGER = 'faas.trigger';
export const FAAS_TIME = 'faas.time';
export const FAAS_DOCUMENT_COLLECTION = 'faas.document.collection';
export const FAAS_DOCUMENT_OPERATION = 'faas.document.operation';
export const FAAS_DOCUMENT_NAME = 'faas.document.name';
export const FAAS_DOCUMENT_TIME = 'faas.document.time';
export const AWS_LAMBDA_INVOKED_ARN = 'aws.lambda.invoked_arn';
export const AWS_STEP_FUNCTIONS_STATE_MACHINE_ARN = 'aws.step_functions.state_machine.arn';

// HTTP, URL, network
export const HTTP_REQUEST_METHOD = 'http.request.method';
export const HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const HTTP_RESPONSE_BODY_SIZE = 'http.response.body.size';
export const HTTP_ROUTE = 'http.route';
export const URL_FULL = 'url.full';
export const URL_PATH = 'url.path';
export const URL_QUERY = 'url.query';
export const URL_TEMPLATE = 'url.template';
export const URL_SCHEME = 'url.scheme';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const CLIENT_ADDRESS = 'client.address';
export const NETWORK_PROTOCOL_NAME = 'network.protocol.name';
export const NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const GRAPHQL_OPERATION_NAME = 'graphql.operation.name';
export const GRAPHQL_OPERATION_TYPE = 'graphql.operation.type';

// Errors
export const ERROR_TYPE = 'error.type';
export const THREAD_ID = 'thread.id';
export const EXCEPTION_TYPE = 'exception.type';
export const EXCEPTION_MESSAGE = 'exception.message';
export const EXCEPTION_STACKTRACE = 'exception.stacktrace';

// Logs
export const LOG_IOSTREAM = 'log.iostream';

// AWS calls, databases, messages
export const RPC_SYSTEM = 'rpc.system';
export const RPC_SERVICE = 'rpc.service';
export const RPC_METHOD = 'rpc.method';
export const AWS_REQUEST_ID = 'aws.request_id';
export const AWS_EXTENDED_REQUEST_ID = 'aws.extended_request_id';
export const DB_SYSTEM_NAME = 'db.system.name';
export const DB_OPERATION_NAME = 'db.operation.name';
export const DB_COLLECTION_NAME = 'db.collection.name';
export const DB_NAMESPACE = 'db.namespace';
export const DB_OPERATION_BATCH_SIZE = 'db.operation.batch.size';
export const DB_QUERY_SUMMARY = 'db.query.summary';
export const DB_QUERY_TEXT = 'db.query.text';
export const DB_RESPONSE_STATUS_CODE = 'db.response.status_code';
export const DB_STORED_PROCEDURE_NAME = 'db.stored_procedure.name';
export const AWS_DYNAMODB_TABLE_NAMES = 'aws.dynamodb.table_names';
export const MESSAGING_SYSTEM = 'messaging.system';
export const MESSAGING_OPERATION_NAME = 'messaging.operation.name';
export const MESSAGING_OPERATION_TYPE = 'messaging.operation.type';
export const MESSAGING_DESTINATION_NAME = 'messaging.destination.name';
export const MESSAGING_DESTINATION_PARTITION_ID = 'messaging.destination.partition.id';
export const MESSAGING_MESSAGE_ID = 'messaging.message.id';
export const MESSAGING_KAFKA_OFFSET = 'messaging.kafka.offset';
export const MESSAGING_BATCH_MESSAGE_COUNT = 'messaging.batch.message_count';
export const AWS_SQS_QUEUE_URL = 'aws.sqs.queue.url';
export const AWS_SNS_TOPIC_ARN = 'aws.sns.topic.arn';
export const AWS_KINESIS_STREAM_NAME = 'aws.kinesis.stream_name';
export const AWS_S3_BUCKET = 'aws.s3.bucket';
export const AWS_SECRETSMANAGER_SECRET_ARN = 'aws.secretsmanager.secret.arn';
export const FAAS_INVOKED_NAME = 'faas.invoked_name';
export const FAAS_INVOKED_PROVIDER = 'faas.invoked_provider';
export const FAAS_INVOKED_REGION = 'faas.invoked_region';

// Sessions and pages
export const SESSION_ID = 'session.id';
export const SESSION_PREVIOUS_ID = 'session.previous_id';
export const BROWSER_DOCUMENT_URL = 'browser.document.url.full';
export const BROWSER_WEB_VITAL_NAME = 'browser.web_vital.name';
export const BROWSER_WEB_VITAL_VALUE = 'browser.web_vital.value';
export const BROWSER_WEB_VITAL_DELTA = 'browser.web_vital.delta';
export const BROWSER_WEB_VITAL_ID = 'browser.web_vital.id';
export const BROWSER_WEB_VITAL_RATING = 'browser.web_vital.rating';
export const BROWSER_WEB_VITAL_NAVIGATION_TYPE = 'browser.web_vital.navigation_type';

// Ours
/** What a span is in the words of the design: one of `SpanType`. */
export const CLICKSPAN_SPAN_TYPE = 'clickspan.span.type';
/** What the user did: `load`, `click`, `submit`, `key`, `route` or `custom`. */
export const CLICKSPAN_ACTION_TYPE = 'clickspan.action.type';
/** On a load: `navigate`, `reload`, `back_forward`, `prerender`, or `back_forward_cache` for a page that was restored. */
export const CLICKSPAN_ACTION_NAVIGATION_TYPE = 'clickspan.action.navigation_type';
/** How long an action waited for cold starts, ms; what overlaps counts once, here and in the next three. */
export const CLICKSPAN_ACTION_COLD_START_MS = 'clickspan.action.cold_start_ms';
/** How long an action waited for servers at work, without cold starts, ms. */
export const CLICKSPAN_ACTION_SERVER_MS = 'clickspan.action.server_ms';
/** How long an action waited for requests while no server of theirs was known to be at work, ms. */
export const CLICKSPAN_ACTION_NETWORK_MS = 'clickspan.action.network_ms';
/** How long the main thread was busy during an action by long animation frames, ms. */
export const CLICKSPAN_ACTION_MAIN_THREAD_MS = 'clickspan.action.main_thread_ms';
/** The address of the script that kept the main thread busy longest, in one go, during an action, and for how long, ms. */
export const CLICKSPAN_ACTION_BLOCKING_SCRIPT = 'clickspan.action.blocking_script';
export const CLICKSPAN_ACTION_BLOCKING_SCRIPT_MS = 'clickspan.action.blocking_script_ms';
/** On the action of an input: from the input to the next frame that was shown, ms. */
export const CLICKSPAN_ACTION_INP_MS = 'clickspan.action.inp_ms';
/** How many of an action's requests were answered by a cold environment. */
export const CLICKSPAN_ACTION_COLD_STARTS = 'clickspan.action.cold_starts';
/** How many requests an action made. */
export const CLICKSPAN_ACTION_REQUESTS = 'clickspan.action.requests';
/** The address to which an action led without a load, by the browser's own judgement of what the user saw. */
export const CLICKSPAN_ACTION_SOFT_NAVIGATION = 'clickspan.action.soft_navigation';
/** How long after the action's start that showed its first content, ms. */
export const CLICKSPAN_ACTION_SOFT_NAVIGATION_MS = 'clickspan.action.soft_navigation_ms';
/** On a click: the how-manieth it was of at least three on the same thing or spot within a second. */
export const CLICKSPAN_ACTION_RAGE_CLICKS = 'clickspan.action.rage_clicks';
/** `true` on a click on something that looks clickable of which nothing came. */
export const CLICKSPAN_ACTION_DEAD_CLICK = 'clickspan.action.dead_click';
/** How many errors happened in an action. */
export const CLICKSPAN_ACTION_ERRORS = 'clickspan.action.errors';
/** Where an error was noticed: `error`, `unhandledrejection`, `resource`, `console`, `csp`, or `caught` by the page. */
export const CLICKSPAN_ERROR_SOURCE = 'clickspan.error.source';
/** How often an error has happened again since it was recorded; absent on the record of the first. */
export const CLICKSPAN_ERROR_COUNT = 'clickspan.error.count';
/** How many errors were not recorded, because there were too many. */
export const CLICKSPAN_ERRORS_LEFT_OUT = 'clickspan.errors.left_out';
/** `unsure` where two actions were current at once when a request was made. */
export const CLICKSPAN_ATTRIBUTION = 'clickspan.attribution';
/** On a request: how long it waited for a cold start, ms. */
export const CLICKSPAN_COLD_START_MS = 'clickspan.cold_start_ms';
/** On a request: how long the environment's init took, ms. */
export const CLICKSPAN_INIT_MS = 'clickspan.init_ms';
/** On a request: how long the handler ran, ms. */
export const CLICKSPAN_HANDLER_MS = 'clickspan.handler_ms';
/** On a request: the span id of the invocation that answered. */
export const CLICKSPAN_SERVER_SPAN_ID = 'clickspan.server.span_id';
/** On a request and on a load, by the browser's resource timing, ms: looking the name up. */
export const CLICKSPAN_DNS_MS = 'clickspan.dns_ms';
/** The same: connecting, without TLS. */
export const CLICKSPAN_CONNECT_MS = 'clickspan.connect_ms';
/** The same: the TLS handshake. */
export const CLICKSPAN_TLS_MS = 'clickspan.tls_ms';
/** The same: waiting for a connection or a service worker, from when it could have been sent. */
export const CLICKSPAN_QUEUE_MS = 'clickspan.queue_ms';
/** The same, in place of `queue_ms` where `traceparent` to another origin makes the browser ask first (CORS). */
export const CLICKSPAN_PREFLIGHT_MS = 'clickspan.preflight_ms';
/** The same: from sending to the first byte. */
export const CLICKSPAN_TTFB_MS = 'clickspan.ttfb_ms';
/** The same: from the first byte to the last. */
export const CLICKSPAN_DOWNLOAD_MS = 'clickspan.download_ms';
/** On a load: when the document could be used, ms from the beginning. */
export const CLICKSPAN_DOM_INTERACTIVE_MS = 'clickspan.dom_interactive_ms';
/** The same: when its deferred scripts had run. */
export const CLICKSPAN_DOM_CONTENT_LOADED_MS = 'clickspan.dom_content_loaded_ms';
/** The same: when everything in it was there. */
export const CLICKSPAN_LOADED_MS = 'clickspan.loaded_ms';
/** Bytes of a body after decompression, where it was compressed. */
export const CLICKSPAN_DECODED_SIZE = 'clickspan.decoded_size';
/** `hit` where a response came out of the browser's cache, `revalidated` where the server has confirmed that. */
export const CLICKSPAN_CACHE = 'clickspan.cache';
/** On the record of a closed `WebSocket` or `EventSource`: how long it was open, ms. */
export const CLICKSPAN_CONNECTION_MS = 'clickspan.connection.ms';
/** The same: the close code of a `WebSocket`. */
export const CLICKSPAN_CONNECTION_CODE = 'clickspan.connection.code';
/** The same: how many messages have come. */
export const CLICKSPAN_CONNECTION_MESSAGES = 'clickspan.connection.messages';
/** The same: bytes of binary messages and characters of texts that have come. */
export const CLICKSPAN_CONNECTION_SIZE = 'clickspan.connection.size';
/** What made an environment, in the words of AWS: `on-demand`, `provisioned-concurrency`, `snap-start`, `lambda-managed-instances`. */
export const CLICKSPAN_INIT_TYPE = 'clickspan.init.type';
/** `true` where an environment had been made ahead of demand, and no caller waited. */
export const CLICKSPAN_INIT_PROACTIVE = 'clickspan.init.proactive';
/** `true` where the init was part of the invocation, since the process before had died. */
export const CLICKSPAN_INIT_SUPPRESSED = 'clickspan.init.suppressed';
/** On an invocation, where asked for: the event, as JSON, masked and cut. */
export const CLICKSPAN_EVENT = 'clickspan.event';
/** The same: what the handler has returned. */
export const CLICKSPAN_RESULT = 'clickspan.result';
/**
 * Why a span ended early: `pagehide`, `cap`, `abort`; of a function's: `timeout`, `exit`, and where its process was gone
 * without a word `killed` or `out_of_memory`.
 */
export const CLICKSPAN_END_REASON = 'clickspan.end_reason';
/** On an invocation: what called the function, as `api-gateway-rest` or `sqs`; finer than `faas.trigger`. */
export const CLICKSPAN_TRIGGER = 'clickspan.trigger';
/** On an invocation: which of its source's events it was, as `ObjectCreated:Put` or a state's name; few different values. */
export const CLICKSPAN_TRIGGER_OPERATION = 'clickspan.trigger.operation';
/** On an invocation: how many messages of its batch the function gave back as failed. */
export const CLICKSPAN_BATCH_FAILURES = 'clickspan.batch.failures';
/** How many spans an agent has dropped so far, on the next batch that it sends. */
export const CLICKSPAN_DROPPED_SPANS = 'clickspan.dropped_spans';
/** How many log records an agent has dropped so far. */
export const CLICKSPAN_DROPPED_LOGS = 'clickspan.dropped_logs';

/** The values of `clickspan.span.type`. */
export type SpanType = 'action' | 'request' | 'init' | 'invocation' | 'message' | 'call';
