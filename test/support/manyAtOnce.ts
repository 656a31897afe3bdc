import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** An environment that serves many requests at once, on the real runtime client. */
export interface ManyAtOnce {
  /** Invokes the function; resolves with what it answers, parsed. */
  invoke(event: unknown, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** All that was written to stdout and stderr. */
  readonly output: () => string;
  /** Calls of the Extensions API. */
  readonly extensionCalls: () => number;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/**
 * In the place of the client's native half, which asks for the next event while it answers others: the emulator's stand-in
 * has one connection and cannot.
 */
const NATIVE_HALF = `
  const { request, Agent } = require('node:http');
  const agent = new Agent({ keepAlive: true });
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
  const call = (method, path, body) => new Promise((resolve, reject) => {
    const sent = request({ agent, host, port, method, path: '/2018-06-01/runtime/invocation/' + path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => resolve({ bodyJson: text, headers: response.headers }));
    });
    sent.on('error', reject).end(body);
  });
  module.exports = {
    next: () => call('GET', 'next'),
    done: (id, body) => void call('POST', id + '/response', body),
    error: (id, body) => void call('POST', id + '/error', body),
  };`;

/**
 * Starts an environment as Lambda Managed Instances do: the runtime client runs worker threads, each of which asks for
 * further events while it works.
 *
 * @param source the text of the function's `index.mjs`
 * @param environment more variables
 */
export async function startManyAtOnce(
  source: string,
  environment: Readonly<Record<string, string>>,
): Promise<ManyAtOnce> {
  const folder = await mkdtemp(join(tmpdir(), 'clickspan-many-'));
  const nativeHalf = join(folder, 'rapidClient.cjs');
  const hooks = join(folder, 'hooks.cjs');
  await writeFile(join(folder, 'index.mjs'), source);
  await writeFile(nativeHalf, NATIVE_HALF);
  await writeFile(
    hooks,
    `const { pathToFileURL } = require('node:url');
     require('node:module').registerHooks({ resolve: (name, context, next) => name === './rapid-client.node'
       ? { url: pathToFileURL(${JSON.stringify(nativeHalf)}).href, format: 'commonjs', shortCircuit: true } : next(name, context) });`,
  );

  const events: { id: string; event: unknown; headers: Readonly<Record<string, string>> }[] = [];
  const waiting: ServerResponse[] = [];
  const answers = new Map<string, (answer: unknown) => void>();
  let extensionCalls = 0;
  let nextId = 0;
  const hand = (): void => {
    while (events.length > 0 && waiting.length > 0) {
      const { id, event, headers } = events.shift()!;
      const response = waiting.shift()!;
      response.writeHead(200, {
        'lambda-runtime-aws-request-id': id,
        'lambda-runtime-deadline-ms': String(Date.now() + 10_000),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-west-1:123456789012:function:f',
        'content-type': 'application/json',
        ...headers,
      });
      response.end(JSON.stringify(event));
    }
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '' } = request;
    if (url.includes('/extension/')) extensionCalls++;
    if (url.endsWith('/invocation/next')) {
      waiting.push(response);
      return hand();
    }
    const body = await text(request);
    const [, id] = /invocation\/([^/]+)\/(?:response|error)$/.exec(url) ?? [];
    if (id) answers.get(id)?.(body ? JSON.parse(body) : undefined);
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const client = join(dirname(require.resolve('aws-lambda-ric/package.json')), 'index.mjs');
  const node = join(dirname(require.resolve('node24-linux-x64/package.json')), 'bin', 'node');
  let output = '';
  const child = spawn(node, ['--require', hooks, client], {
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_LAMBDA_MAX_CONCURRENCY: '32',
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/f',
      AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[1]0123456789abcdef0123456789abcdef',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'index.handler',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const exited = new Promise((done) => child.once('exit', done));
  return {
    invoke: (event, headers = {}) =>
      new Promise((resolve) => {
        const id = `request-${++nextId}`;
        answers.set(id, resolve);
        events.push({ id, event, headers });
        hand();
      }),
    output: () => output,
    extensionCalls: () => extensionCalls,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
