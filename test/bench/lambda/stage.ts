import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { startEmulator, type Emulator, type EnvironmentRecord, type RuntimeName } from '@clickspan/emulator';
import { BARE, type LambdaAgent } from './agents.ts';
import { startIntake, type Intake } from './intake.ts';

/** Functions of all agents side by side, each with a collector of its own. */
export interface Stage {
  readonly emulator: Emulator;
  readonly agents: readonly LambdaAgent[];
  intakeOf(agent: LambdaAgent): Intake;
  /**
   * Invokes an agent's function and waits until its environment has asked for its next event.
   *
   * @param calls HTTP requests that the function makes
   */
  invoke(agent: LambdaAgent, calls?: number): Promise<Invoked>;
  /** Makes a new environment that has been initialized and waits for its first event. */
  initialize(agent: LambdaAgent): Promise<EnvironmentRecord>;
  /** The one living environment of an agent. */
  environmentOf(agent: LambdaAgent): EnvironmentRecord;
  /** Kills all environments of an agent, as a machine that fails would. */
  kill(agent: LambdaAgent): Promise<void>;
  stop(): Promise<void>;
}

/** One invocation, by the platform's own clock. */
export interface Invoked {
  readonly payload: unknown;
  /** From the event's delivery to the end of the response. */
  readonly responseMs: number;
  /** From the end of the response until runtime and extensions had asked for their next event. */
  readonly tailMs: number;
  /** Texts of which one is in everything that tells of it. */
  readonly ids: readonly string[];
}

/** How a stage is set. */
export interface StageOptions {
  /** Without the bare function, which is there by itself. */
  readonly agents: readonly LambdaAgent[];
  readonly runtime: RuntimeName;
  /** Whether environments are stopped between events. */
  readonly freeze: boolean;
}

/** Longer than anything that a peer waits for. */
const TIMEOUT_MS = 120_000;
const MEMORY_MB = 512;
/** Beyond it something is broken, and the bench must say so. */
const PATIENCE_MS = 180_000;

/** The function: answers as an HTTP API's does; makes as many requests before as the event says. */
const CODE = `
let http;
let agent;
const call = () => new Promise((resolve, reject) => {
  const request = http.get(process.env.UPSTREAM, { agent }, (response) => response.resume().on('end', resolve));
  request.on('error', reject);
});
exports.handler = async (event) => {
  const { calls } = JSON.parse(event.body);
  if (calls > 0 && !http) {
    http = require('node:http');
    agent = new http.Agent({ keepAlive: true });
  }
  for (let n = 0; n < calls; n++) await call();
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ calls }) };
};
`;

/** Answers the functions' requests, in a thread of its own so that it does not wait for the emulator. */
const UPSTREAM = `
const { parentPort } = require('node:worker_threads');
const server = require('node:http').createServer((_, response) => response.end('{}'));
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** Starts the emulator with a function for every agent, and one without. */
export async function setStage({ agents, runtime, freeze }: StageOptions): Promise<Stage> {
  const all = [BARE, ...agents.filter(({ id }) => id !== BARE.id)];
  const folder = mkdtempSync(join(tmpdir(), 'clickspan-bench-'));
  const upstream = new Worker(UPSTREAM, { eval: true });
  const upstreamPort = await new Promise<number>((done) => upstream.once('message', done));
  const intakes = new Map<string, Intake>();
  for (const { id } of all) intakes.set(id, await startIntake());
  /** Those who wait for the end of an invocation, by request. */
  const onReport = new Map<string, () => void>();
  const reported = new Set<string>();
  const emulator = await startEmulator({
    freeze,
    initTimeoutMs: TIMEOUT_MS,
    onLog: ({ source, line }) => {
      const requestId = source === 'platform' ? /^REPORT RequestId: (\S+)/.exec(line)?.[1] : undefined;
      if (requestId === undefined) return;
      reported.add(requestId);
      onReport.get(requestId)?.();
    },
    functions: all.map((agent) => ({
      name: agent.id,
      codeDir: writeCode(folder, agent),
      handler: agent.handler ?? 'index.handler',
      runtime,
      timeoutMs: TIMEOUT_MS,
      memoryMb: MEMORY_MB,
      layers: agent.layers ?? [],
      environment: {
        UPSTREAM: `http://127.0.0.1:${upstreamPort}/`,
        ...agent.environment(intakes.get(agent.id)!),
      },
    })),
  });

  const recordsOf = (agent: LambdaAgent): EnvironmentRecord[] =>
    emulator
      .environments()
      .filter(({ functionName, state }) => functionName === agent.id && state !== 'ended');
  const untilReported = (requestId: string): Promise<void> =>
    new Promise((done) => {
      if (reported.delete(requestId)) return done();
      onReport.set(requestId, () => {
        onReport.delete(requestId);
        reported.delete(requestId);
        done();
      });
    });
  const environmentOf = (agent: LambdaAgent): EnvironmentRecord => {
    const [environment, another] = recordsOf(agent);
    if (!environment || another) throw new Error(`${agent.name} does not have one environment.`);
    return environment;
  };

  return {
    emulator,
    agents: all,
    intakeOf: ({ id }) => intakes.get(id)!,
    environmentOf,
    async invoke(agent, calls = 0) {
      const { event, traceHeader, traceIds } = createEvent(calls);
      const { requestId, functionError, payload } = await emulator.invoke(agent.id, event, { traceHeader });
      if (functionError) throw new Error(`${agent.name} failed: ${JSON.stringify(payload)}`);
      await within(untilReported(requestId), `${agent.name} did not end an invocation`);
      const record = recordsOf(agent)
        .flatMap(({ invocations }) => invocations.slice(-1))
        .find((invocation) => invocation.requestId === requestId);
      if (!record) throw new Error(`${agent.name} has no record of an invocation.`);
      return {
        payload,
        responseMs: record.responseUnixMs! - record.startUnixMs,
        tailMs: record.endUnixMs! - record.responseUnixMs!,
        ids: [requestId, ...traceIds],
      };
    },
    async initialize(agent) {
      await within(emulator.initialize(agent.id, 1), `${agent.name} did not initialize`);
      const environment = environmentOf(agent);
      if (environment.initDurationMs === undefined) throw new Error(`${agent.name} failed to initialize.`);
      return environment;
    },
    async kill(agent) {
      for (const { processGroupId } of recordsOf(agent)) process.kill(-processGroupId!, 'SIGKILL');
      const gone = async (): Promise<void> => {
        while (recordsOf(agent).length > 0) await rest(2);
      };
      await within(gone(), `${agent.name} could not be killed`);
    },
    async stop() {
      await emulator.stop();
      for (const intake of intakes.values()) await intake.stop();
      await upstream.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeCode(folder: string, { id, modulesDir, codeAfter = '' }: LambdaAgent): string {
  const dir = join(folder, id);
  mkdirSync(dir);
  writeFileSync(join(dir, 'index.js'), `${CODE}${codeAfter}`);
  if (modulesDir !== undefined) symlinkSync(modulesDir, join(dir, 'node_modules'));
  return dir;
}

/** An event of an HTTP API that says how many calls to make, and a trace of X-Ray's, as AWS hands one on. */
function createEvent(calls: number): { event: unknown; traceHeader: string; traceIds: string[] } {
  const time = Math.floor(Date.now() / 1000).toString(16);
  const random = randomBytes(12).toString('hex');
  const parent = randomBytes(8).toString('hex');
  const event = {
    version: '2.0',
    routeKey: 'POST /orders',
    rawPath: '/orders',
    rawQueryString: '',
    headers: {
      accept: '*/*',
      'content-type': 'application/json',
      host: 'api.example',
      'user-agent': 'bench',
    },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example',
      http: {
        method: 'POST',
        path: '/orders',
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: 'bench',
      },
      requestId: 'request',
      routeKey: 'POST /orders',
      stage: '$default',
      time: '25/Nov/2026:10:00:00 +0000',
      timeEpoch: Date.now(),
    },
    body: JSON.stringify({ calls }),
    isBase64Encoded: false,
  };
  const traceIds = [`1-${time}-${random}`, `${time}${random}`];
  return { event, traceHeader: `Root=${traceIds[0]};Parent=${parent};Sampled=1`, traceIds };
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${PATIENCE_MS / 1000} s.`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function rest(ms: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ms);
  });
}

/** The agents in an order that begins with another one each round, so that none always comes first. */
export function rotate<T>(items: readonly T[], round: number): T[] {
  const at = round % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
