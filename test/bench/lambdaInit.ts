import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmulator, type Emulator, type EnvironmentRecord } from '@clickspan/emulator';
import { startFakeCollector } from '../support/collector.ts';
import { quantile, toFigure, type Figure } from './figure.ts';

const layer: string = resolve(import.meta.dirname, '../../packages/lambda/dist/layer.zip');

/** How to measure. */
export interface LambdaInitOptions {
  /** Cold starts of each of the two functions. */
  readonly rounds: number;
  /** Busy time put beside the agent's preload, ms: shows that the bench sees what it should. */
  readonly injectedMs?: number;
}

/**
 * Measures what the agent adds to INIT: the emulator's own time from the process's start until runtime and extensions
 * have asked for their first event, of the same function bare and with the packed layer, in turn.
 */
export async function measureLambdaInit({ rounds, injectedMs = 0 }: LambdaInitOptions): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'clickspan-bench-'));
  writeFileSync(join(dir, 'index.mjs'), 'export const handler = async () => ({ statusCode: 200 });\n');
  writeFileSync(
    join(dir, 'delay.cjs'),
    `const end = performance.now() + ${injectedMs}; while (performance.now() < end);\n`,
  );
  const collector = await startFakeCollector();
  const delay = injectedMs > 0 ? ` --require ${join(dir, 'delay.cjs')}` : '';
  const emulator = await startEmulator({
    functions: [
      { name: 'bare', codeDir: dir, handler: 'index.handler' },
      {
        name: 'traced',
        codeDir: dir,
        handler: 'index.handler',
        layers: [layer],
        environment: {
          NODE_OPTIONS: `--require /opt/clickspan/preload.cjs${delay}`,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        },
      },
    ],
  });
  const samples = { bare: [] as number[], traced: [] as number[] };
  try {
    await coldStart(emulator, 'bare');
    await coldStart(emulator, 'traced');
    for (let round = 0; round < rounds; round++) {
      samples.bare.push(await coldStart(emulator, 'bare'));
      samples.traced.push(await coldStart(emulator, 'traced'));
    }
  } finally {
    await emulator.stop();
    await collector.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  if (collector.spans.length === 0)
    throw new Error('The traced function sent no spans: nothing was measured.');
  const client = emulator.runtimeClient;
  const bare = quantile(samples.bare, 0.5);
  return [
    toFigure(
      { name: 'layer, added INIT', unit: 'ms', goal: 5, better: 'less', client },
      samples.traced.map((ms, round) => ms - samples.bare[round]!),
    ),
    toFigure(
      { name: 'layer, INIT against bare', unit: 'ratio', goal: 1.1, better: 'less', client },
      samples.traced.map((ms) => ms / bare),
    ),
  ];
}

/** Invokes a function in a new environment, ends that environment, and gives its INIT time. */
async function coldStart(emulator: Emulator, name: string): Promise<number> {
  const { functionError } = await emulator.invoke(name, {});
  if (functionError) throw new Error(`${name} failed: ${functionError}`);
  const environment = await waitFor(emulator, name, (record) => record.state === 'idle');
  process.kill(-environment.processGroupId!, 'SIGKILL');
  await waitFor(emulator, name, (record) => record.id === environment.id && record.state === 'ended');
  return environment.initDurationMs!;
}

async function waitFor(
  emulator: Emulator,
  name: string,
  fits: (record: EnvironmentRecord) => boolean,
): Promise<EnvironmentRecord> {
  for (const deadline = Date.now() + 30_000; ;) {
    const found = emulator.environments().find((record) => record.functionName === name && fits(record));
    if (found) return found;
    if (Date.now() > deadline)
      throw new Error(`The environment of ${name} did not come to rest within 30 s.`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
