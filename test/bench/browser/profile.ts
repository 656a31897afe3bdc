import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { readOpenTelemetryEdition, readOwnAgent, sourceMapOf, type BenchAgent } from './agents.ts';
import { click, setUpButtons } from './buttons.ts';
import { makeCalls, openPageWith, rest, seem, setStage, startAgentIn, type CallKind } from './driver.ts';

const repository: string = resolve(import.meta.dirname, '../../..');
const folder: string = resolve(repository, 'node_modules/.cache/clickspan/profiles');
const SCRIPT_URL = 'agent.js';
const SAMPLING_US = 50;
const WARM_UP_CALLS = 30;
const SETTLE_MS = 500;
const CLICK_GAP_MS = 20;
const SHOWN = 40;

/** What can be profiled: what the agent does for requests, with the sending, or its start, or clicks. */
export type ProfileTopic = CallKind | 'init' | 'click';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What to profile. */
export interface ProfileOptions {
  readonly topic: ProfileTopic;
  readonly edition: 'own' | 'opentelemetry';
  /** Requests, or starts in fresh pages. */
  readonly count: number;
}

/**
 * Takes a CPU profile of the built agent, writes it for a browser's developer tools, and returns a table of where the time
 * went: functions by their places in the compiled sources, times per request or start.
 */
export async function profileAgent({ topic, edition, count }: ProfileOptions): Promise<string> {
  const agent = edition === 'own' ? readOwnAgent() : readOpenTelemetryEdition();
  if (!agent) throw new Error('The OpenTelemetry edition has not been built.');
  const named = { ...agent, source: `${agent.source}\n//# sourceURL=${SCRIPT_URL}` };
  const profiles = await takeProfiles(named, topic, count);
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, `${edition}-${topic}.cpuprofile`);
  writeFileSync(file, JSON.stringify(profiles[0]));
  const places = readPlaces(agent);
  return `${toTable(profiles, places, count)}\nFor developer tools: ${relative(repository, file)}\n`;
}

async function takeProfiles(agent: BenchAgent, topic: ProfileTopic, count: number): Promise<Profile[]> {
  if (topic === 'init') return profileStarts(agent, count);
  return [await (topic === 'click' ? profileClicks(agent, count) : profileCalls(agent, topic, count))];
}

/** Clicks that cause nothing but a change of the page, with the sending. */
async function profileClicks(agent: BenchAgent, count: number): Promise<Profile> {
  const stage = await setStage();
  try {
    const stagePage = await openPageWith(stage, agent);
    const spots = await setUpButtons(stagePage);
    await startAgentIn(stagePage, stage);
    for (const spot of spots) await click(stagePage, spot);
    await rest(SETTLE_MS);
    await stagePage.cdp.send('Profiler.enable');
    await stagePage.cdp.send('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await stagePage.cdp.send('Profiler.start');
    for (let n = 0; n < count; n++) {
      await click(stagePage, spots[n % spots.length]!);
      await rest(CLICK_GAP_MS);
    }
    await rest(700);
    await seem(stagePage, 'left');
    await stage.intake.waitForQuiet(300);
    const { profile } = await stagePage.cdp.send('Profiler.stop');
    return profile as Profile;
  } finally {
    await stage.close();
  }
}

async function profileCalls(agent: BenchAgent, kind: CallKind, count: number): Promise<Profile> {
  const stage = await setStage();
  try {
    const stagePage = await openPageWith(stage, agent);
    await startAgentIn(stagePage, stage);
    await makeCalls(stagePage, kind, WARM_UP_CALLS, '/api/items');
    await rest(SETTLE_MS);
    await stagePage.cdp.send('Profiler.enable');
    await stagePage.cdp.send('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await stagePage.cdp.send('Profiler.start');
    await makeCalls(stagePage, kind, count, '/api/items');
    await rest(700);
    await seem(stagePage, 'left');
    await stage.intake.waitForQuiet(300);
    const { profile } = await stagePage.cdp.send('Profiler.stop');
    return profile as Profile;
  } finally {
    await stage.close();
  }
}

async function profileStarts(agent: BenchAgent, count: number): Promise<Profile[]> {
  const stage = await setStage();
  const profiles: Profile[] = [];
  try {
    for (let n = 0; n < count; n++) {
      const stagePage = await openPageWith(stage, agent);
      await stagePage.cdp.send('Profiler.enable');
      await stagePage.cdp.send('Profiler.setSamplingInterval', { interval: SAMPLING_US });
      await stagePage.cdp.send('Profiler.start');
      await startAgentIn(stagePage, stage);
      const { profile } = await stagePage.cdp.send('Profiler.stop');
      profiles.push(profile as Profile);
      await stagePage.close();
    }
    return profiles;
  } finally {
    await stage.close();
  }
}

/** Says where a function of the built script comes from. */
type ToPlace = (frame: CallFrame) => string;

function readPlaces(agent: BenchAgent): ToPlace {
  const path = sourceMapOf(agent);
  const map = existsSync(path)
    ? new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as ConstructorParameters<typeof SourceMap>[0])
    : undefined;
  const lines = new Map<string, readonly string[]>();
  const lineOf = (source: string, line: number): string => {
    const file = resolve(dirname(path), source);
    if (!lines.has(file)) lines.set(file, existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
    return lines.get(file)![line]?.trim().slice(0, 60) ?? '';
  };
  return ({ functionName, url, lineNumber, columnNumber }) => {
    if (url !== SCRIPT_URL || !map) return functionName || '(anonymous)';
    const entry = map.findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry)) return functionName || '(anonymous)';
    const { originalSource, originalLine } = entry;
    const short = originalSource.replace(/^(\.\.\/)+/, '').replace(/\.js$/, '');
    return `${short}:${originalLine + 1}  ${lineOf(originalSource, originalLine)}`;
  };
}

interface Times {
  selfUs: number;
  /** With everything that it called. */
  totalUs: number;
  /** Self time of natives by who called them. */
  readonly callers: Map<string, number>;
}

const ELSEWHERE = '(outside the agent)';
/** What the agent does not do. */
const NOT_WORK = ['(idle)', '(root)', ELSEWHERE];

function toTable(profiles: readonly Profile[], toPlace: ToPlace, count: number): string {
  const times = new Map<string, Times>();
  const timesOf = (place: string): Times => {
    if (!times.has(place)) times.set(place, { selfUs: 0, totalUs: 0, callers: new Map() });
    return times.get(place)!;
  };
  for (const profile of profiles) addUp(profile, toPlace, timesOf);
  const perCall = (us: number): string => (us / count).toFixed(2).padStart(9);
  const rows = [...times].filter(([place]) => !NOT_WORK.includes(place));
  const sum = rows.reduce((total, [, { selfUs }]) => total + selfUs, 0);
  const shown = rows.sort(([, a], [, b]) => b.selfUs - a.selfUs).slice(0, SHOWN);
  return [
    `${count} times; µs per time. In the agent's functions and natives that they called: ${(sum / count).toFixed(1)}`,
    '     self     total  function (of the compiled source), or native ← its callers',
    ...shown.map(
      ([place, { selfUs, totalUs, callers }]) =>
        `${perCall(selfUs)} ${perCall(totalUs)}  ${place}${toCallers(callers, count)}`,
    ),
  ].join('\n');
}

function toCallers(callers: ReadonlyMap<string, number>, count: number): string {
  const shown = [...callers].sort(([, a], [, b]) => b - a).slice(0, 3);
  if (shown.length === 0) return '';
  return ` ← ${shown.map(([place, us]) => `${place.split('  ')[0]} ${(us / count).toFixed(1)}`).join(', ')}`;
}

function addUp(profile: Profile, toPlace: ToPlace, timesOf: (place: string) => Times): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const isAgents = (id: number | undefined): boolean =>
    id !== undefined && nodes.get(id)!.callFrame.url === SCRIPT_URL;
  const isShown = (id: number): boolean =>
    isAgents(id) ||
    isAgents(parents.get(id)) ||
    nodes.get(id)!.callFrame.functionName === '(garbage collector)';
  const places = new Map(
    profile.nodes.map(({ id, callFrame }) => [id, isShown(id) ? toPlace(callFrame) : ELSEWHERE]),
  );
  const selfUs = new Map<number, number>();
  // The time after a sample belongs to it.
  profile.samples.forEach((id, n) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[n + 1] ?? 0));
  });
  for (const [id, us] of selfUs) {
    const own = timesOf(places.get(id)!);
    own.selfUs += us;
    const parent = parents.get(id);
    if (!isAgents(id) && isAgents(parent)) {
      const caller = places.get(parent!)!;
      own.callers.set(caller, (own.callers.get(caller) ?? 0) + us);
    }
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const place = places.get(at)!;
      if (!seen.has(place)) timesOf(place).totalUs += us;
      seen.add(place);
    }
  }
}
