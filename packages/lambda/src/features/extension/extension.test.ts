import { describe, expect, it } from 'vitest';
import { createFakeTime } from '../../../../../test/support/fakeTime.ts';
import type { HttpAnswer, HttpRequest } from '../../platform/httpMessage.ts';
import { after } from '../../platform/timers.ts';
import { createExtension } from './extension.ts';
import type { Extension, ExtensionConnection } from './extension.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const answer = (status: number, body = '', headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  header: (name) => headers[name],
  body,
  keepAlive: true,
});

interface FakePlatform {
  readonly extension: Extension;
  readonly asked: string[];
  readonly reports: string[];
  readonly held: boolean[];
  readonly connections: () => number;
  /** Answers the event that the extension waits for. */
  invoke(requestId: string, deadlineMs?: number): Promise<void>;
  refuseNext(): Promise<void>;
}

function startPlatform(register: HttpAnswer, unseenMs = 60_000): FakePlatform {
  const asked: string[] = [];
  const reports: string[] = [];
  const held: boolean[] = [];
  let usable = true;
  let connections = 0;
  let waiting: ((answer: HttpAnswer) => void) | undefined;
  const connection: ExtensionConnection = {
    send: ({ path, headers, body }: HttpRequest) => {
      asked.push(path.slice(path.lastIndexOf('/') + 1));
      if (path.endsWith('/register')) {
        expect(headers?.['Lambda-Extension-Name']).toBe('clickspan');
        expect(JSON.parse(String(body))).toEqual({ events: ['INVOKE'] });
        return Promise.resolve(register);
      }
      expect(headers?.['Lambda-Extension-Identifier']).toBe('id-1');
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
    hold: (on) => held.push(on),
    usable: () => usable,
    deferReads: () => {},
    readNow: () => {},
    close: () => {
      usable = false;
    },
  };
  const extension = createExtension({
    connect: () => {
      connections++;
      usable = true;
      return connection;
    },
    now: Date.now,
    after,
    report: (message) => reports.push(message),
    unseenMs,
  });
  const reply = async (reply: HttpAnswer): Promise<void> => {
    waiting!(reply);
    await turn();
  };
  return {
    extension,
    asked,
    reports,
    held,
    connections: () => connections,
    invoke: (requestId, deadlineMs = Date.now() + 60_000) =>
      reply(answer(200, JSON.stringify({ eventType: 'INVOKE', requestId, deadlineMs }))),
    refuseNext: () => reply(answer(403)),
  };
}
const REGISTERED = answer(200, '{}', { 'lambda-extension-identifier': 'id-1' });

describe('the extension', () => {
  it('registers for invocations once, keeping the process alive only until then, and asks for its first event', async () => {
    const { extension, asked, held } = startPlatform(REGISTERED);
    expect(await Promise.all([extension.register(), extension.register()])).toEqual([true, true]);
    expect(extension.holds()).toBe(true);
    expect(asked).toEqual(['register', 'next']);
    expect(held).toEqual([true, false]);
  });

  it('asks for the next event when an invocation is released, not before', async () => {
    const platform = startPlatform(REGISTERED);
    await platform.extension.register();
    await platform.invoke('a');
    platform.extension.begin('a');
    platform.extension.release('other');
    await turn();
    expect(platform.asked).toEqual(['register', 'next']);
    platform.extension.release('a');
    await turn();
    expect(platform.asked).toEqual(['register', 'next', 'next']);
  });

  it('asks at once when the invocation was over before its event came', async () => {
    const platform = startPlatform(REGISTERED);
    await platform.extension.register();
    platform.extension.begin('a');
    platform.extension.release('a');
    await turn();
    expect(platform.asked).toEqual(['register', 'next']);
    await platform.invoke('a');
    expect(platform.asked).toEqual(['register', 'next', 'next']);
  });

  it('holds an invocation that is tried again under the same id, as Lambda does after errors', async () => {
    const platform = startPlatform(REGISTERED, 20);
    await platform.extension.register();
    await platform.invoke('a');
    platform.extension.begin('a');
    platform.extension.release('a');
    await turn();
    expect(platform.asked).toHaveLength(3);
    await platform.invoke('a');
    platform.extension.begin('a');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(platform.asked).toHaveLength(3);
    platform.extension.release('a');
    await turn();
    expect(platform.asked).toHaveLength(4);
    // The release may come before the event, and counts for one event only.
    platform.extension.begin('a');
    platform.extension.release('a');
    await platform.invoke('a');
    expect(platform.asked).toHaveLength(5);
    await platform.invoke('a');
    platform.extension.begin('a');
    await turn();
    expect(platform.asked).toHaveLength(5);
  });

  it('lets go of a second try that the wrapped handler never sees', async () => {
    const platform = startPlatform(REGISTERED, 20);
    await platform.extension.register();
    platform.extension.begin('a');
    platform.extension.release('a');
    await platform.invoke('a');
    await platform.invoke('a');
    await expect.poll(() => platform.asked.length, { timeout: 10_000 }).toBe(4);
  });

  it('holds an invocation whose deadline is further away than a timer reaches', async () => {
    const platform = startPlatform(REGISTERED);
    await platform.extension.register();
    await platform.invoke('a', Date.now() + 2 ** 32);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(platform.asked).toHaveLength(2);
  });

  it('lets go of an invocation that is never released, shortly before its deadline', async () => {
    const platform = startPlatform(REGISTERED);
    await platform.extension.register();
    await platform.invoke('a', Date.now() + 80);
    await expect.poll(() => platform.asked.length, { timeout: 10_000 }).toBe(3);
  });

  it('lets go of an invocation that the wrapped handler never sees', async () => {
    const platform = startPlatform(REGISTERED, 20);
    await platform.extension.register();
    await platform.invoke('a');
    await expect.poll(() => platform.asked.length, { timeout: 10_000 }).toBe(3);
  });

  it('counts no release of a try that it has let go for the next one', async () => {
    const platform = startPlatform(REGISTERED, 20);
    await platform.extension.register();
    await platform.invoke('a');
    await expect.poll(() => platform.asked.length, { timeout: 10_000 }).toBe(3);
    platform.extension.release('a');
    platform.extension.begin('a');
    await platform.invoke('a');
    expect(platform.asked).toHaveLength(3);
  });

  it('keeps an invocation that the handler has seen, before or after its event came', async () => {
    const platform = startPlatform(REGISTERED, 20);
    await platform.extension.register();
    await platform.invoke('a');
    platform.extension.begin('a');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(platform.asked).toHaveLength(2);
    platform.extension.release('a');
    await turn();
    platform.extension.begin('b');
    await platform.invoke('b');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(platform.asked).toHaveLength(3);
  });

  it('holds nothing when the platform refuses it', async () => {
    const { extension, asked, reports } = startPlatform(answer(403, 'closed'));
    expect(await extension.register()).toBe(false);
    expect(extension.holds()).toBe(false);
    expect(asked).toEqual(['register']);
    expect(reports).toHaveLength(1);
  });

  it('lets the function start where no connection can be made', async () => {
    const reports: string[] = [];
    const extension = createExtension({
      connect: () => {
        throw new Error('no more sockets');
      },
      now: Date.now,
      after,
      unseenMs: 100,
      report: (message) => reports.push(message),
    });
    expect(await extension.register()).toBe(false);
    expect(reports).toHaveLength(1);
  });

  it('lets the function start where the platform does not answer', async () => {
    const time = createFakeTime();
    let refuse: ((error: Error) => void) | undefined;
    const reports: string[] = [];
    const extension = createExtension({
      connect: () => ({
        send: () =>
          new Promise((_, reject) => {
            refuse = reject;
          }),
        close: () => refuse?.(new Error('closed')),
        hold: () => {},
        usable: () => true,
        deferReads: () => {},
        readNow: () => {},
      }),
      now: time.now,
      after: time.after,
      unseenMs: 100,
      report: (message) => reports.push(message),
    });
    const registered = extension.register();
    await time.advance(5000);
    expect(await registered).toBe(false);
    expect(reports).toHaveLength(1);
  });

  it('says so after three refusals in a row, and asks on: the platform may be waiting for it', async () => {
    const platform = startPlatform(REGISTERED);
    await platform.extension.register();
    await platform.refuseNext();
    await platform.refuseNext();
    expect(platform.extension.holds()).toBe(true);
    await platform.refuseNext();
    expect(platform.extension.holds()).toBe(false);
    expect(platform.reports).toHaveLength(1);
    await expect.poll(() => platform.asked.length, { timeout: 10_000 }).toBe(5);
    expect(platform.connections()).toBe(4);
    await platform.invoke('a');
    expect(platform.extension.holds()).toBe(true);
    platform.extension.release('a');
    await turn();
    expect(platform.asked).toHaveLength(6);
  });
});
