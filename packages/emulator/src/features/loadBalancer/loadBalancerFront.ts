import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InvokeFunction } from '../../platform/invocation.ts';
import { sendReply } from '../../platform/httpResponse.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import type { LoadBalancerConfig } from './loadBalancerConfig.ts';
import { toLoadBalancerAnswer } from './loadBalancerAnswer.ts';
import { toLoadBalancerEvent } from './loadBalancerEvent.ts';

export interface LoadBalancerOptions {
  readonly config: LoadBalancerConfig;
  readonly targetGroupArn: string;
  readonly invoke: InvokeFunction;
  readonly toTraceId: (incoming: string | undefined) => string;
}

/** A load balancer, listening. */
export interface LoadBalancer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** "The maximum size of the request body that you can send to a Lambda function is 1 MB." */
const MAX_BODY_BYTES = 1024 * 1024;
const SERVER = ['server', 'awselb/2.0'] as const;
/** The methods that reach a target; others are refused. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/**
 * Starts a load balancer with a function as its only target.
 *
 * @param options the load balancer, and the way to its function
 */
export async function startLoadBalancer(options: LoadBalancerOptions): Promise<LoadBalancer> {
  const { config } = options;
  const { multiValueHeaders = false } = config;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await run(request);
    const isHead = request.method === 'HEAD';
    try {
      sendReply(response, reply, isHead);
    } catch {
      sendReply(response, toPage(502), isHead);
    }
  }

  async function run(request: IncomingMessage): Promise<HttpReply> {
    const body = await readRequestBody(request, MAX_BODY_BYTES);
    if (!METHODS.has(request.method ?? '')) return toPage(405);
    if (body.status === 'tooLarge') return toPage(413);
    const traceHeader = toForwardedTrace(request.headersDistinct['x-amzn-trace-id']?.[0], options.toTraceId);
    const event = toLoadBalancerEvent({
      request,
      body: body.bytes,
      multiValueHeaders,
      targetGroupArn: options.targetGroupArn,
      traceHeader,
      port: server.port,
    });
    const reply = await options.invoke(config.function, {
      payload: Buffer.from(JSON.stringify(event)),
      requestId: randomUUID(),
      traceId: options.toTraceId(traceHeader),
    });
    if (reply.status !== 'ok') return toPage(502);
    return toLoadBalancerAnswer(reply.payload, multiValueHeaders) ?? toPage(502);
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }, config.port);
  // "WebSockets are not supported. Upgrade requests are rejected with an HTTP 400 code."
  server.onUpgrade((_, socket) => {
    const { body } = toPage(400);
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nserver: ${SERVER[1]}\r\ncontent-type: text/html\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
    );
  });
  return { url: `http://${server.authority}`, stop: () => server.stop() };
}

/** A caller's root is kept, and the load balancer puts its own id before it; otherwise it makes the root. */
function toForwardedTrace(
  incoming: string | undefined,
  toTraceId: (incoming: string | undefined) => string,
): string {
  const root = /Root=([^;]+)/.exec(toTraceId(undefined))![1]!;
  return incoming !== undefined && toTraceId(incoming) === incoming
    ? `Self=${root};${incoming}`
    : `Root=${root}`;
}

/** The page that a load balancer answers with by itself. */
function toPage(statusCode: number): HttpReply {
  const title = `${statusCode} ${STATUS_CODES[statusCode]}`;
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '</body>',
    '</html>',
    '',
  ];
  return {
    statusCode,
    headers: [SERVER, ['content-type', 'text/html']],
    body: Buffer.from(lines.join('\r\n')),
  };
}
