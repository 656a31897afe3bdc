import { afterEach, describe, expect, it } from 'vitest';
import { extensionText, packExtensions } from '../support/extensionLayer.ts';
import type { PackedLayer } from '../support/extensionLayer.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html and telemetry-schema-reference.html; who may subscribe,
// and until when: aws/aws-lambda-runtime-interface-emulator at 4fa21571, rapi/handler/runtimelogs.go and rapid/handlers.go.

let stage: Stage | undefined;
let layer: PackedLayer | undefined;
afterEach(async () => {
  await stage?.stop();
  await layer?.remove();
  stage = undefined;
  layer = undefined;
});

interface Event {
  readonly time: string;
  readonly type: string;
  readonly record: {
    readonly requestId?: string;
    readonly status?: string;
    readonly phase?: string;
    readonly metrics?: Readonly<Record<string, number>>;
    readonly spans?: readonly { readonly name: string }[];
  };
}

/** A listener in the runtime's own process, by an internal extension. */
const LISTENER = `
  import { createServer } from 'node:http';
  const events = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    events.push(...JSON.parse(text));
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API;
  const registered = await fetch(api + '/2020-01-01/extension/register', {
    method: 'POST', headers: { 'Lambda-Extension-Name': 'inside' }, body: JSON.stringify({ events: [] }),
  });
  const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
  const subscribe = (types = ['platform', 'function', 'extension'], change = {}) => fetch(api + '/2022-07-01/telemetry', {
    method: 'PUT', headers, body: JSON.stringify({
      schemaVersion: '2022-12-13', types, buffering: { timeoutMs: 25 },
      destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:' + server.address().port }, ...change,
    }),
  });
  const answers = [(await subscribe(undefined, { schemaVersion: 'x' })).status, (await subscribe()).status];
  fetch(api + '/2020-01-01/extension/event/next', { headers });
  export const handler = async ({ until, line, late }) => {
    if (line) console.log(line);
    if (late) { const answer = await subscribe(); return [answer.status, await answer.json()]; }
    while (until && !events.some(({ type, record }) => type === until.type && (!until.text || JSON.stringify(record).includes(until.text))))
      await new Promise((resolve) => setTimeout(resolve, 10));
    return { events, answers };
  };
`;

const start = async (source: string, config: Partial<StageFunction> = {}): Promise<Stage> => {
  stage = await startStage([{ name: 'f', source, timeoutMs: 20_000, ...config }]);
  return stage;
};
const heard = async ({ emulator }: Stage, event: object): Promise<readonly Event[]> =>
  ((await emulator.invoke('f', event)).payload as { readonly events: readonly Event[] }).events;

describe('an internal extension that subscribes to telemetry', () => {
  it('hears of INIT from its start, of itself, and of invocations', async () => {
    const running = await start(LISTENER);
    const events = await heard(running, { until: { type: 'platform.start' } });
    expect(events.map(({ type }) => type)).toEqual([
      'platform.initStart',
      'platform.telemetrySubscription',
      'platform.initRuntimeDone',
      'platform.extension',
      'platform.initReport',
      'platform.start',
    ]);
    expect(events[0]).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      record: {
        initializationType: 'on-demand',
        phase: 'init',
        functionName: 'f',
        instanceId: running.environments()[0]!.logStreamName,
      },
    });
    expect(events[3]!.record).toEqual({ name: 'inside', state: 'Ready', events: [] });
  });

  it('gets the end of an invocation within the next one: it is frozen in between', async () => {
    const running = await start(LISTENER);
    const { requestId } = await running.emulator.invoke('f', {});
    await until('it is frozen', () => running.environments()[0]!.frozen);
    const events = await heard(running, { until: { type: 'platform.report' } });
    const done = events.find(({ type }) => type === 'platform.runtimeDone')!;
    expect(done.record).toMatchObject({ requestId, status: 'success' });
    expect(done.record.spans!.map(({ name }) => name)).toEqual([
      'responseLatency',
      'responseDuration',
      'runtimeOverhead',
    ]);
    const report = events.find(({ type }) => type === 'platform.report')!;
    expect(report.record).toMatchObject({ requestId, status: 'success' });
    expect(Object.keys(report.record.metrics!)).toEqual([
      'durationMs',
      'billedDurationMs',
      'memorySizeMB',
      'maxMemoryUsedMB',
      'initDurationMs',
    ]);
  });

  it('gets the lines of the function as they are', async () => {
    const running = await start(LISTENER);
    const events = await heard(running, { line: 'ä line', until: { type: 'function', text: 'ä line' } });
    expect(events.find(({ type }) => type === 'function')!.record).toMatch(/\tINFO\tä line$/);
  });

  it('gets them as objects in the JSON log format, in which the platform then writes too', async () => {
    const running = await start(LISTENER, { logFormat: 'JSON' });
    const events = await heard(running, { line: 'ä line', until: { type: 'function', text: 'ä line' } });
    expect(events.find(({ type }) => type === 'function')!.record).toMatchObject({
      level: 'INFO',
      message: 'ä line',
    });
    await until('it is reported', () => running.log.some((line) => line.includes('platform.report')));
    const types = running.log
      .filter((line) => line.startsWith('f platform '))
      .map((line) => (JSON.parse(line.slice('f platform '.length)) as Event).type);
    expect(types).toEqual([
      'platform.initStart',
      'platform.telemetrySubscription',
      'platform.extension',
      'platform.initReport',
      'platform.start',
      'platform.report',
    ]);
  });

  it('is refused what is not valid, and everything when INIT is over', async () => {
    const running = await start(LISTENER);
    expect((await running.emulator.invoke('f', {})).payload).toMatchObject({ answers: [400, 200] });
    expect((await running.emulator.invoke('f', { late: true })).payload).toMatchObject([
      403,
      { errorType: 'Telemetry.SubscriptionClosed' },
    ]);
  });
});

describe('an external extension that subscribes to telemetry', () => {
  const ready = `
    const server = require('node:http').createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      for (const event of JSON.parse(text)) {
        if (event.type === 'platform.runtimeDone') done.add(event.record.requestId);
        if (event.type !== 'extension') console.log('TOLD ' + JSON.stringify(event));
      }
      response.end();
    });
    const done = new Set();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    await fetch(api + '/2022-07-01/telemetry', { method: 'PUT', headers, body: JSON.stringify({
      schemaVersion: '2022-12-13', types: ['platform', 'function'], buffering: { timeoutMs: 25 },
      destination: { protocol: 'HTTP', URI: 'http://sandbox:' + server.address().port },
    }) });
  `;
  /** It asks for its next event only when it has been told that the runtime is done. */
  const onEvent = `
    if (event.eventType === 'SHUTDOWN') {
      await new Promise((resolve) => setTimeout(resolve, 500));
      process.exit(0);
    }
    while (event.requestId && !done.has(event.requestId)) await new Promise((resolve) => setTimeout(resolve, 10));
  `;
  const startWith = async (source: string, config: Partial<StageFunction> = {}): Promise<Stage> => {
    layer = await packExtensions({ listener: extensionText(['INVOKE', 'SHUTDOWN'], { ready, onEvent }) });
    return start(source, { layers: [layer.zipPath], ...config });
  };
  const told = (running: Stage): readonly Event[] =>
    running.log.flatMap((line) => {
      const json = /stdout TOLD (.*)$/.exec(line)?.[1];
      return json === undefined ? [] : [JSON.parse(json) as Event];
    });

  it('hears that the runtime is done before it asks for its next event, and of its own share then', async () => {
    const running = await startWith(`export const handler = async () => console.log('a line');`);
    const { requestId } = await running.emulator.invoke('f', {});
    await until('it is frozen', () => running.environments()[0]!.frozen);
    expect(
      told(running).some(
        ({ type, record }) => type === 'platform.runtimeDone' && record.requestId === requestId,
      ),
    ).toBe(true);
    expect(told(running).some(({ type }) => type === 'function')).toBe(true);
    await running.emulator.invoke('f', {});
    await until('the report has come', () => told(running).some(({ type }) => type === 'platform.report'));
    const report = told(running).find(({ type }) => type === 'platform.report')!;
    expect(report.record.spans!.map(({ name }) => name)).toEqual(['extensionOverhead']);
  });

  it.each([
    [
      'timeout',
      `export const handler = () => new Promise((resolve) => setTimeout(resolve, 600_000));`,
      undefined,
    ],
    ['error', `export const handler = async () => process.exit(1);`, 'Runtime.ExitError'],
  ])(
    'hears of a %s while it shuts down, and of the suppressed init afterwards',
    async (status, source, errorType) => {
      const running = await startWith(source, { timeoutMs: 1500 });
      const { requestId } = await running.emulator.invoke('f', {});
      await until('it rests', () => running.environments()[0]!.state === 'idle');
      for (const type of ['platform.runtimeDone', 'platform.report']) {
        const event = told(running).find((each) => each.type === type);
        expect(event?.record).toMatchObject({
          requestId,
          status,
          ...(errorType === undefined ? {} : { errorType }),
        });
      }
      await running.emulator.invoke('f', {});
      await until('it was told', () => told(running).some(({ record }) => record.phase === 'invoke'));
    },
  );
});
