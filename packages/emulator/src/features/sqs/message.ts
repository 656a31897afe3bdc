/** An attribute that a sender attached, as the protocol has it. */
export interface MessageAttribute {
  /** `String`, `Number` or `Binary`, each perhaps with `.something` behind it. */
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  readonly binaryValue?: Buffer | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a sender hands over. */
export interface OutgoingMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  /** X-Ray's header, a system attribute. */
  readonly traceHeader: string | undefined;
  readonly delayMs: number;
  /** Of a FIFO queue's message: messages of one group come in order. */
  readonly groupId?: string | undefined;
  /** Of a FIFO queue's message: a second one within five minutes is not taken in. */
  readonly deduplicationId?: string | undefined;
}

/** What a sender is told. */
export interface SentMessage {
  readonly messageId: string;
  /** Of a FIFO queue. */
  readonly sequenceNumber: string | undefined;
}

/** A message that has been received, and is hidden from others for a while. */
export interface ReceivedMessage {
  readonly messageId: string;
  /** Good for deleting until the message has been received again. */
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly traceHeader: string | undefined;
  readonly sentUnixMs: number;
  readonly firstReceivedUnixMs: number;
  readonly receiveCount: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
}

/** Whoever sends in the emulator is this one. */
const SENDER_ID = 'AIDAEMULATOREMULATOR0';

/**
 * Makes the system attributes of a received message, all of them strings.
 *
 * @param message the message
 */
export function toSystemAttributes(message: ReceivedMessage): Record<string, string> {
  return {
    ApproximateReceiveCount: String(message.receiveCount),
    ...(message.traceHeader === undefined ? {} : { AWSTraceHeader: message.traceHeader }),
    ...(message.sequenceNumber === undefined ? {} : { SequenceNumber: message.sequenceNumber }),
    ...(message.groupId === undefined ? {} : { MessageGroupId: message.groupId }),
    ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
    SentTimestamp: String(Math.floor(message.sentUnixMs)),
    SenderId: SENDER_ID,
    ApproximateFirstReceiveTimestamp: String(Math.floor(message.firstReceivedUnixMs)),
  };
}
