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
    SentTimestamp: String(Math.floor(message.sentUnixMs)),
    SenderId: SENDER_ID,
    ApproximateFirstReceiveTimestamp: String(Math.floor(message.firstReceivedUnixMs)),
  };
}
