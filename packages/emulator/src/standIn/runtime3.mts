/*
 * What AWS's runtimes before nodejs24.x do with runtime client 3: the client is a library there, and the runtime's own
 * entry hands it the code's folder and the handler. The name of the handler is read when this file runs, after preloads.
 */
import { run } from 'aws-lambda-ric-3';

await run(process.env['LAMBDA_TASK_ROOT']!, process.env['_HANDLER']);
