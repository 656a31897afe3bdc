import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { sendReply } from '../../platform/httpResponse.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { parseFifoIds } from './fifoTopic.ts';
import type { FifoTopic, Published } from './fifoTopic.ts';
import type { Notification } from './notification.ts';
import { SnsError } from './snsError.ts';
import { invalid, parseEntries, parsePublication } from './snsParameters.ts';
import type { QueryParameters } from './snsParameters.ts';

export interface SnsServerOptions {
  readonly port: number;
  readonly topics: readonly ServedTopic[];
  readonly clock: Clock;
  /** Gets each message, with the trace header of the request that it came by. */
  readonly onPublish: (notification: Notification, traceHeader: string | undefined) => void;
}

/** A topic that is here. */
export interface ServedTopic {
  readonly arn: string;
  readonly fifo: FifoTopic | undefined;
}

/** The stand-in for SNS, listening. */
export interface SnsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

interface SnsCall {
  readonly options: SnsServerOptions;
  readonly parameters: QueryParameters;
  readonly traceHeader: string | undefined;
}

/** The result as XML, without what is around it. */
type SnsAction = (call: SnsCall) => string;

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
/** A batch of ten full messages, percent-encoded. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const ACTIONS: Readonly<Record<string, SnsAction>> = {
  Publish: (call) => toPublished(publish(call, topicOf(call))),
  PublishBatch: publishBatch,
  ListTopics: ({ options }) =>
    `<Topics>${options.topics.map(({ arn }) => `<member><TopicArn>${arn}</TopicArn></member>`).join('')}</Topics>`,
  GetTopicAttributes: (call) => `<Attributes>${toAttributes(topicOf(call))}</Attributes>`,
};

/**
 * Starts the stand-in: SNS's query protocol over `POST /`, as SDKs speak it, for the topics that it is given.
 *
 * @param options topics, and whom to tell of what is published
 */
export async function startSnsServer(options: SnsServerOptions): Promise<SnsServer> {
  const server = await startLoopbackServer((request, response) => {
    answer(request, response, options).catch(() => response.destroy());
  }, options.port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: SnsServerOptions,
): Promise<void> {
  const requestId = randomUUID();
  try {
    const parameters = await parseRequest(request);
    const name = parameters.get('Action') ?? '';
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action)
      throw new SnsError('InvalidAction', `The stand-in for SNS does not know ${name || 'this request'}.`);
    const traceHeader = request.headersDistinct['x-amzn-trace-id']?.[0];
    const result = action({ options, parameters, traceHeader });
    send(
      response,
      200,
      requestId,
      `<${name}Response xmlns="${NAMESPACE}"><${name}Result>${result}</${name}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
    );
  } catch (error) {
    if (!(error instanceof SnsError)) throw error;
    send(
      response,
      error.statusCode,
      requestId,
      `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${toXmlText(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    );
  }
}

async function parseRequest(request: IncomingMessage): Promise<QueryParameters> {
  const body = await readRequestBody(request, MAX_BODY_BYTES);
  if (mayBeWebPage(request))
    throw new SnsError('AuthorizationError', 'No request from a web page is served.', 403);
  if (request.method !== 'POST') throw new SnsError('InvalidAction', 'Only POST is supported.');
  if (body.status === 'tooLarge') throw invalid('Message too long');
  return new Map(new URLSearchParams(body.bytes.toString()));
}

function topicOf({ options, parameters }: SnsCall): ServedTopic {
  const arn = parameters.get('TopicArn') ?? parameters.get('TargetArn');
  if (arn === undefined) throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  if (!/^arn:aws[\w-]*:sns:/.test(arn)) throw invalid('TopicArn');
  const topic = options.topics.find((one) => one.arn === arn);
  if (!topic) throw new SnsError('NotFound', 'Topic does not exist', 404);
  return topic;
}

/** A message that a FIFO topic has had within five minutes is taken, and goes nowhere. */
function publish({ options, parameters, traceHeader }: SnsCall, topic: ServedTopic, prefix = ''): Published {
  const { arn: topicArn, fifo } = topic;
  const publication = parsePublication(parameters, prefix);
  const ids = parseFifoIds(parameters, prefix, fifo);
  const known = fifo?.recent.find(ids.deduplicationId);
  if (known) return known;
  const published = { messageId: randomUUID(), sequenceNumber: fifo?.nextSequenceNumber() };
  fifo?.recent.remember(ids.deduplicationId, published);
  const publishedUnixMs = options.clock();
  options.onPublish({ ...publication, ...published, ...ids, topicArn, publishedUnixMs }, traceHeader);
  return published;
}

function toPublished({ messageId, sequenceNumber }: Published): string {
  const sequence = sequenceNumber === undefined ? '' : `<SequenceNumber>${sequenceNumber}</SequenceNumber>`;
  return `<MessageId>${messageId}</MessageId>${sequence}`;
}

function toAttributes({ arn, fifo }: ServedTopic): string {
  const attributes = {
    TopicArn: arn,
    ...(fifo && { FifoTopic: 'true', ContentBasedDeduplication: String(fifo.contentBasedDeduplication) }),
  };
  return Object.entries(attributes)
    .map(([key, value]) => `<entry><key>${key}</key><value>${value}</value></entry>`)
    .join('');
}

/** One entry that is refused does not spoil the others. */
function publishBatch(call: SnsCall): string {
  const topic = topicOf(call);
  const successful: string[] = [];
  const failed: string[] = [];
  for (const { id, prefix } of parseEntries(call.parameters)) {
    try {
      successful.push(`<member><Id>${id}</Id>${toPublished(publish(call, topic, prefix))}</member>`);
    } catch (error) {
      if (!(error instanceof SnsError)) throw error;
      failed.push(
        `<member><Id>${id}</Id><Code>${error.code}</Code><Message>${toXmlText(error.message)}</Message><SenderFault>true</SenderFault></member>`,
      );
    }
  }
  return `<Successful>${successful.join('')}</Successful><Failed>${failed.join('')}</Failed>`;
}

function toXmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function send(response: ServerResponse, statusCode: number, requestId: string, xml: string): void {
  sendReply(response, {
    statusCode,
    headers: [
      ['content-type', 'text/xml'],
      ['x-amzn-requestid', requestId],
    ],
    body: Buffer.from(xml),
  });
}
