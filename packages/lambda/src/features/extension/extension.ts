import type { HttpAnswer, HttpRequest } from '../../platform/httpMessage.ts';
import type { Report } from '../../platform/guard.ts';
import type { After } from '../../platform/timers.ts';

/**
 * The agent as an internal extension: from its registration on, the platform does not freeze the environment after an
 * invocation until the agent has asked for its next event. So it must ask after every invocation, whatever failed.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
export interface Extension {
  /** Registers; resolves with whether the platform now waits for us. Never rejects. */
  readonly register: () => Promise<boolean>;
  /** Whether the platform waits for `release`. */
  holds(): boolean;
  /** The function's handler has begun with an invocation, so `release` will follow. */
  begin(requestId: string): void;
  /** The agent is done with an invocation: asks for the next event as soon as this one's has come. */
  release(requestId: string): void;
}

/** What the extension needs. */
export interface ExtensionEnvironment {
  /** Opens a connection to the Extensions API. */
  readonly connect: () => ExtensionConnection;
  readonly now: () => number;
  readonly after: After;
  readonly report: Report;
  /** How long, in ms, an invocation may go without `begin` before it is taken as one that the wrapped handler never sees. */
  readonly unseenMs: number;
}

/** The part of an HTTP connection that is used here. */
export interface ExtensionConnection {
  send(request: HttpRequest): Promise<HttpAnswer>;
  hold(on: boolean): void;
  usable(): boolean;
  deferReads(on: boolean): void;
  readNow(): void;
  close(): void;
}

const API = '/2020-01-01/extension/';
const NAME = 'clickspan';
/** The platform answers within a millisecond; where it does not, the function's start must not wait for us. */
const REGISTER_TIMEOUT_MS = 2000;
/** When an invocation is never released, we let go this long before its deadline. */
const DEADLINE_MARGIN_MS = 50;
/** So many failures in a row are told; from then on there is a pause before each further attempt. */
const FAILURES_TO_TELL = 3;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;

interface InvokeEvent {
  readonly requestId: string;
  readonly deadlineMs: number;
}

/** Makes the extension; nothing is sent before `register`. */
export function createExtension(environment: ExtensionEnvironment): Extension {
  const { connect, now, after, report, unseenMs } = environment;
  let registered = false;
  // An id counts once: Lambda tries a failed event again under the same one.
  let begun: string | undefined;
  let releasedEarly: string | undefined;
  let connection: ExtensionConnection | undefined;
  let letGo: ((requestId: string) => void) | undefined;
  let seen: ((requestId: string) => void) | undefined;

  /** Waits until the agent is done with an invocation. */
  const released = ({ requestId, deadlineMs }: InvokeEvent): Promise<void> =>
    new Promise((resolve) => {
      if (requestId === releasedEarly) {
        releasedEarly = undefined;
        resolve();
        return;
      }
      const timers: (() => void)[] = [];
      const finish = (): void => {
        for (const cancel of timers) cancel();
        letGo = seen = undefined;
        resolve();
      };
      if (deadlineMs > 0) timers.push(after(deadlineMs - now() - DEADLINE_MARGIN_MS, finish));
      letGo = (id) => {
        if (id === requestId) finish();
      };
      if (requestId !== begun) {
        const cancel = after(unseenMs, finish);
        timers.push(cancel);
        seen = (id) => {
          if (id === requestId) cancel();
        };
      }
    });

  const poll = async (first: ExtensionConnection, identifier: string): Promise<void> => {
    const request: HttpRequest = {
      method: 'GET',
      path: `${API}event/next`,
      headers: { 'Lambda-Extension-Identifier': identifier },
    };
    connection = first;
    // Without end: where the platform waits for us, whoever stopped asking would hold every invocation to its timeout.
    for (let failures = 0; ;) {
      try {
        if (!connection.usable()) connection = connect();
        // The event comes together with the invocation, whose handler is not to wait for our reading it.
        connection.deferReads(true);
        // One event after the other.
        const answer = await connection.send(request);
        if (answer.status !== 200) throw new Error(`the Extensions API answered ${answer.status}`);
        const event = toInvokeEvent(answer.body);
        failures = 0;
        registered = true;
        if (event) await released(event);
      } catch (error) {
        failures++;
        connection.close();
        if (failures < FAILURES_TO_TELL) continue;
        registered = false;
        if (failures === FAILURES_TO_TELL) report(`events of the platform are lost: ${String(error)}`);
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FAILURES_TO_TELL));
        await new Promise<void>((resolve) => void after(pauseMs, resolve));
      }
    }
  };

  const register = async (): Promise<boolean> => {
    let connection: ExtensionConnection | undefined;
    const cancel = after(REGISTER_TIMEOUT_MS, () => connection?.close());
    try {
      connection = connect();
      // The only thing that is waited for while the environment starts: without it the process could end.
      connection.hold(true);
      const answer = await connection.send({
        method: 'POST',
        path: `${API}register`,
        headers: { 'Lambda-Extension-Name': NAME, 'Content-Type': 'application/json' },
        body: '{"events":["INVOKE"]}',
      });
      const identifier = answer.header('lambda-extension-identifier');
      if (answer.status !== 200 || !identifier) throw new Error(`the platform answered ${answer.status}`);
      registered = true;
      connection.hold(false);
      void poll(connection, identifier);
    } catch (error) {
      connection?.close();
      report(`spans may be late by one invocation, since registering failed: ${String(error)}`);
    }
    cancel();
    return registered;
  };

  let registration: Promise<boolean> | undefined;
  return {
    register: () => (registration ??= register()),
    holds: () => registered,
    begin(requestId) {
      begun = requestId;
      releasedEarly = undefined;
      seen?.(requestId);
    },
    release(requestId) {
      begun = undefined;
      if (!letGo) releasedEarly = requestId;
      connection?.readNow();
      letGo?.(requestId);
    },
  };
}

/** Reads an event; `undefined` for anything but an invocation. */
function toInvokeEvent(body: string): InvokeEvent | undefined {
  const event = JSON.parse(body) as { eventType?: unknown; requestId?: unknown; deadlineMs?: unknown } | null;
  if (event?.eventType !== 'INVOKE' || typeof event.requestId !== 'string') return undefined;
  return { requestId: event.requestId, deadlineMs: Number(event.deadlineMs) || 0 };
}
