import type { RuntimeClientKind, RuntimeName } from '@clickspan/emulator';
import { quantile, toBoundedFigure, toFigure, toNoise, type Figure } from '../figure.ts';
import { BARE, BARE_AGAIN, type LambdaAgent } from './agents.ts';
import { toHarm, type Harm } from './harm.ts';
import type { CollectorMode } from './intake.ts';
import { measureCollectors } from './measureCollectors.ts';
import { measureFrozen, type FrozenCounts, type FrozenResult } from './measureFrozen.ts';
import { measureStarts, type StartSample } from './measureStarts.ts';
import { measureWarm, type WarmCounts, type WarmSamples } from './measureWarm.ts';
import type { PackedSize } from './packedSize.ts';
import { ROWS, type RowKey } from './rows.ts';
import { setStage, type Stage } from './stage.ts';

/** What can be measured for itself. */
export const TOPICS = ['sizes', 'starts', 'warm', 'collectors', 'frozen'] as const;

export type Topic = (typeof TOPICS)[number];

/** How much to measure on each runtime. */
export interface LambdaOptions {
  /** Without the bare function, which comes by itself. */
  readonly agents: readonly LambdaAgent[];
  /** One that is only put through the collectors' conditions. */
  readonly overlapping: LambdaAgent | undefined;
  readonly runtimes: readonly RuntimeName[];
  readonly topics: readonly Topic[];
  readonly coldStarts: number;
  readonly warm: WarmCounts;
  /** Whose collectors are put into each condition on a runtime. */
  readonly isHarmMeasured: (agent: LambdaAgent, runtime: RuntimeName) => boolean;
  readonly collectors: (agent: LambdaAgent, mode: CollectorMode) => number;
  readonly frozen: (agent: LambdaAgent) => FrozenCounts;
  readonly say: (text: string) => void;
}

/** What was found on one runtime. */
export interface RuntimeResults {
  readonly runtime: RuntimeName;
  readonly client: RuntimeClientKind;
  readonly figures: ReadonlyMap<LambdaAgent, ReadonlyMap<RowKey, Figure>>;
  /** Medians of the function without an agent. */
  readonly bare: Readonly<
    Partial<Record<'initMs' | 'initCpuMs' | 'initRssMb' | 'plainMs' | 'cpuMs', number>>
  >;
  readonly harm: ReadonlyMap<LambdaAgent, ReadonlyMap<CollectorMode, Harm>>;
  readonly frozen: ReadonlyMap<LambdaAgent, FrozenResult>;
}

/** What was found. */
export interface LambdaResults {
  readonly agents: readonly LambdaAgent[];
  readonly sizes: ReadonlyMap<LambdaAgent, PackedSize>;
  readonly runtimes: readonly RuntimeResults[];
  readonly coldStarts: number;
  readonly warm: WarmCounts;
}

/** Measures agents on one runtime after the other. */
export async function measureLambda(options: LambdaOptions): Promise<LambdaResults> {
  const { agents, topics, coldStarts, warm, say } = options;
  const sizes = new Map<LambdaAgent, PackedSize>();
  for (const agent of topics.includes('sizes') ? agents : []) {
    const size = agent.measureSize?.();
    if (size) sizes.set(agent, size);
  }
  const runtimes: RuntimeResults[] = [];
  for (const runtime of options.runtimes) {
    say(`${runtime} …`);
    runtimes.push(await measureRuntime(options, runtime, sizes));
  }
  return { agents, sizes, runtimes, coldStarts, warm };
}

async function measureRuntime(
  { agents, overlapping, topics, coldStarts, warm, isHarmMeasured, collectors, frozen, say }: LambdaOptions,
  runtime: RuntimeName,
  sizes: ReadonlyMap<LambdaAgent, PackedSize>,
): Promise<RuntimeResults> {
  let client: RuntimeClientKind = 'stand-in';
  const onStage = async <T>(
    staged: readonly LambdaAgent[],
    freeze: boolean,
    run: (stage: Stage) => Promise<T>,
  ): Promise<T> => {
    const stage = await setStage({ agents: staged, runtime, freeze });
    client = stage.emulator.runtimeClient;
    try {
      return await run(stage);
    } finally {
      await stage.stop();
    }
  };
  const started = new Date();
  const has = (topic: Topic): boolean => {
    if (!topics.includes(topic)) return false;
    if (topic !== 'sizes') say(`  ${topic}, after ${Math.round((Date.now() - started.getTime()) / 1000)} s`);
    return true;
  };

  const starts = has('starts')
    ? await onStage(agents, true, (stage) => measureStarts(stage, coldStarts))
    : [];
  const warmed = has('warm')
    ? await onStage([BARE_AGAIN, ...agents], false, (stage) => measureWarm(stage, warm))
    : undefined;
  const harm = new Map<LambdaAgent, ReadonlyMap<CollectorMode, Harm>>();
  const harmed = [...agents, ...(overlapping ? [overlapping] : [])].filter((agent) =>
    isHarmMeasured(agent, runtime),
  );
  for (const agent of has('collectors') ? harmed : []) {
    const pairs = (mode: CollectorMode): number => collectors(agent, mode);
    const counts = { pairs, warmUp: Math.ceil(warm.warmUp / 2) };
    const samples = await onStage([BARE_AGAIN, agent], false, (stage) =>
      measureCollectors(stage, agent, counts),
    );
    harm.set(
      agent,
      new Map([...samples].map(([mode, of]) => [mode, toHarm({ agent, mode, runtime, client }, of)])),
    );
  }
  const frozenFound = new Map<LambdaAgent, FrozenResult>();
  for (const agent of has('frozen') ? agents : []) {
    frozenFound.set(
      agent,
      await onStage([agent], true, (stage) => measureFrozen(stage, agent, frozen(agent))),
    );
  }

  const samples = new Map(
    agents.map((agent) => [
      agent,
      collect(agent, { starts, warmed, size: sizes.get(agent), frozen: frozenFound.get(agent) }),
    ]),
  );
  const noise = collect(BARE_AGAIN, { starts: [], warmed, size: undefined, frozen: undefined });
  const toFigures = (agent: LambdaAgent): Map<RowKey, Figure> =>
    new Map(
      ROWS.filter(({ key }) => samples.get(agent)!.get(key)?.length).map((row) => {
        const spec = {
          name: `lambda: ${row.name} (${runtime})`,
          agent: agent.id,
          unit: row.unit,
          goal: agent.isOwn ? row.goal : undefined,
          better: 'less',
          client: row.key === 'zip' || row.key === 'files' ? 'file' : client,
        } as const;
        const values = samples.get(agent)!.get(row.key)!;
        const figure = row.isBounded
          ? toBoundedFigure(spec, values, toNoise(noise.get(row.key)!))
          : toFigure(spec, values);
        return [row.key, figure];
      }),
    );
  return {
    runtime,
    client,
    figures: new Map(agents.map((agent) => [agent, toFigures(agent)])),
    bare: toBare(starts, warmed),
    harm,
    frozen: frozenFound,
  };
}

/** All samples of one agent, by row. */
function collect(
  agent: LambdaAgent,
  {
    starts,
    warmed,
    size,
    frozen,
  }: {
    readonly starts: readonly ReadonlyMap<LambdaAgent, StartSample>[];
    readonly warmed: ReadonlyMap<LambdaAgent, WarmSamples> | undefined;
    readonly size: PackedSize | undefined;
    readonly frozen: FrozenResult | undefined;
  },
): ReadonlyMap<RowKey, readonly number[]> {
  const start = (read: (own: StartSample, bare: StartSample) => number): number[] =>
    starts.map((round) => read(round.get(agent)!, round.get(BARE)!));
  const bareInitMs = starts.length > 0 ? medianOf(starts, ({ initMs }) => initMs) : 0;
  const own = warmed?.get(agent);
  const bare = warmed?.get(BARE);
  const subtract = (read: (samples: WarmSamples) => readonly number[]): number[] =>
    own && bare ? read(own).map((value, n) => value - read(bare)[n]!) : [];
  return new Map<RowKey, readonly number[]>([
    ['zip', size ? [size.zipBytes / 1000] : []],
    ['files', size ? [size.files] : []],
    ['init', start((own, bare) => own.initMs - bare.initMs)],
    ['initRatio', start((own) => own.initMs / bareInitMs)],
    ['initCpu', start((own, bare) => own.initCpuMs - bare.initCpuMs)],
    ['initRss', start((own, bare) => own.initRssMb - bare.initRssMb)],
    ['first', start((own, bare) => own.firstMs - bare.firstMs)],
    ['warmRss', subtract(({ rssMb }) => rssMb)],
    ['warm', subtract(({ plainMs }) => plainMs)],
    ['calling', subtract(({ callingMs }) => callingMs)],
    ['cpu', subtract(({ cpuMs }) => cpuMs)],
    ['late', frozen ? [frozen.late] : []],
    ['lost', frozen ? [frozen.lost] : []],
  ]);
}

function toBare(
  starts: readonly ReadonlyMap<LambdaAgent, StartSample>[],
  warmed: ReadonlyMap<LambdaAgent, WarmSamples> | undefined,
): RuntimeResults['bare'] {
  const bare = warmed?.get(BARE);
  return {
    ...(starts.length > 0 && {
      initMs: medianOf(starts, ({ initMs }) => initMs),
      initCpuMs: medianOf(starts, ({ initCpuMs }) => initCpuMs),
      initRssMb: medianOf(starts, ({ initRssMb }) => initRssMb),
    }),
    ...(bare && { plainMs: quantile(bare.plainMs, 0.5), cpuMs: quantile(bare.cpuMs, 0.5) }),
  };
}

function medianOf(
  starts: readonly ReadonlyMap<LambdaAgent, StartSample>[],
  read: (sample: StartSample) => number,
): number {
  return quantile(
    starts.map((round) => read(round.get(BARE)!)),
    0.5,
  );
}
