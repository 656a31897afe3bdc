import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BARE, readOverlappingAgent, readOwnAgent, withPreload, type LambdaAgent } from './lambda/agents.ts';
import { COLLECTOR_MODES, startIntake } from './lambda/intake.ts';
import { measureFrozen } from './lambda/measureFrozen.ts';
import { measureLambda } from './lambda/measureLambda.ts';
import { toMarkdown } from './lambda/report.ts';
import { setStage } from './lambda/stage.ts';

/**
 * What spoils an agent: a slow and large start, handlers that are slow and change their results, and a process that is
 * busy after each response. It lies between the runtime client and the agent.
 */
const SPOILING = `
  const busy = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
  busy(40);
  globalThis.kept = Buffer.alloc(20_000_000, 1);
  const { parse } = JSON;
  JSON.parse = (...args) => {
    const value = parse(...args);
    if (typeof value?.calls === 'number') {
      busy(4);
      setImmediate(() => setImmediate(() => busy(4)));
    }
    return value;
  };
  const { stringify } = JSON;
  JSON.stringify = (value, ...rest) =>
    stringify(typeof value?.calls === 'number' ? { ...value, more: 1 } : value, ...rest);
`;

let folder: string;
let spoiled: LambdaAgent;
let overlapping: LambdaAgent;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clickspan-bench-'));
  writeFileSync(join(folder, 'spoiling.cjs'), SPOILING);
  spoiled = withPreload(readOwnAgent(), join(folder, 'spoiling.cjs'));
  overlapping = withPreload(readOverlappingAgent(), join(folder, 'spoiling.cjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bench of Lambda agents', () => {
  it('turns every figure to false when the agent is spoiled', async () => {
    const results = await measureLambda({
      agents: [spoiled],
      overlapping,
      runtimes: ['nodejs24.x'],
      topics: ['sizes', 'starts', 'warm', 'collectors'],
      coldStarts: 3,
      warm: { pairs: 20, environments: 1, warmUp: 4 },
      isHarmMeasured: () => true,
      collectors: () => 4,
      frozen: () => ({ spans: 0, environments: 0, heldMs: 0 }),
      say: () => {},
    });
    const [found] = results.runtimes;
    const judged = [...found!.figures.get(spoiled)!].map(([key, { pass }]) => [key, pass]);
    expect(Object.fromEntries(judged)).toEqual({
      zip: true,
      files: true,
      init: false,
      initRatio: false,
      initCpu: false,
      initRss: false,
      warmRss: false,
      first: false,
      warm: false,
      calling: false,
      cpu: false,
    });
    const harm = found!.harm.get(spoiled)!;
    expect([...harm.keys()]).toEqual(COLLECTOR_MODES);
    for (const { added, changed } of harm.values()) {
      // So few may not be told from noise.
      expect(added.pass).not.toBe(true);
      expect(changed).toMatchObject({ value: 4, pass: false });
    }
    expect(harm.get('hanging')!.laterTail.pass).toBe(false);
    expect(harm.get('50 ms')!.tail.value).toBeGreaterThan(50);
    expect(found!.harm.get(overlapping)!.get('50 ms')!.tail).toMatchObject({ goal: 1, pass: false });
    const page = toMarkdown(results, { cores: 2, load: 0 });
    expect(page).toContain('| 4 of 4 |');
    expect(page).toContain('**missed**: response added');
  });
});

describe('losses in frozen environments', () => {
  const counts = { spans: 6, environments: 3, heldMs: 50 };
  const losses = async (agent: LambdaAgent) => {
    const stage = await setStage({ agents: [agent], runtime: 'nodejs24.x', freeze: true });
    try {
      return await measureFrozen(stage, agent, counts);
    } finally {
      await stage.stop();
    }
  };

  it('are none for an agent that holds the environment', async () => {
    expect(await losses(readOwnAgent())).toEqual({ of: 6, late: 0, lost: 0 });
  });

  it('are told from what comes late: an agent that sends with the next invocation loses the last ones', async () => {
    const late: LambdaAgent = {
      id: 'late',
      name: 'late',
      environment: ({ url }) => ({ COLLECTOR: url }),
      codeAfter: `
        const inner = exports.handler;
        let told;
        exports.handler = async (event, { awsRequestId }) => {
          if (told) await fetch(process.env.COLLECTOR, { method: 'POST', body: told });
          told = awsRequestId;
          return inner(event);
        };`,
    };
    expect(await losses(late)).toEqual({ of: 6, late: 6, lost: 3 });
  });

  it('are all for one that tells nothing', async () => {
    expect(await losses({ ...BARE, id: 'silent' })).toEqual({ of: 6, late: 6, lost: 6 });
  });
});

describe('the stand-in for a collector', () => {
  it('is in each condition what it is said to be', async () => {
    const intake = await startIntake();
    const post = async (): Promise<string> => {
      try {
        const signal = AbortSignal.timeout(300);
        return String((await fetch(intake.url, { method: 'POST', body: 'it tells of x1', signal })).status);
      } catch (error) {
        const { name, cause } = error as Error & { cause?: { code?: string } };
        return cause?.code ?? name;
      }
    };
    const seen: Record<string, string> = {};
    for (const mode of COLLECTOR_MODES) {
      await intake.behave(mode);
      seen[mode] = await post();
    }
    await intake.behave('fine');
    expect(await post()).toBe('200');
    await intake.stop();
    expect(seen).toEqual({
      fine: '200',
      '50 ms': '200',
      '503': '503',
      refusing: 'ECONNREFUSED',
      hanging: 'TimeoutError',
      'half-closing': 'UND_ERR_SOCKET',
    });
    expect(intake.arrivals).toBe(6);
    expect(intake.tellsOf(['x2', 'x1'])).toBe(true);
    expect(intake.tellsOf(['x2'])).toBe(false);
  });
});
