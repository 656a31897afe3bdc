import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BARE, readOwnAgent, readSnippet, withBefore, type BenchAgent } from './browser/agents.ts';
import { setStage, type Stage } from './browser/driver.ts';
import { measureBrowser } from './browser/measureBrowser.ts';
import { measureExported, measureKillLosses, measureNavigationLosses } from './browser/measureLosses.ts';
import { toMarkdown } from './browser/report.ts';
import { withPart } from './benchmarksPage.ts';
import { medianUpperBound, quantile, toBoundedFigure, toFigure, toNoise } from './figure.ts';

/**
 * What spoils an agent whose script it precedes: a slow start, slow clicks and requests, memory that is never freed, and
 * noise sent in the place of everything that was to be sent.
 */
const SPOILING = `{
  const busy = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
  busy(20);
  window.kept = Array.from({ length: 20000 }, () => ({}));
  addEventListener('click', () => busy(2), true);
  const { endpoint } = document.currentScript.dataset;
  const { fetch } = window;
  const noise = () => {
    const words = crypto.getRandomValues(new Uint32Array(200));
    fetch(endpoint, { method: 'POST', body: words.join(''), keepalive: true });
    busy(2);
  };
  window.fetch = (input, init) => {
    if (!String(input).startsWith('/api/')) return Promise.resolve(new Response('{}'));
    noise();
    return fetch(input, init);
  };
  window.fetchLater = undefined;
  navigator.sendBeacon = () => true;
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) { noise(); return send.call(this, body); };
}`;

/** Tells of each request by its address, some time after its answer. */
function tellAfter(name: string, schedule: string): BenchAgent {
  const source = `{
    const { endpoint } = document.currentScript.dataset;
    const { fetch } = window;
    let count = 0;
    const answered = (address) => {
      const tell = () => void fetch(endpoint, { method: 'POST', body: address, keepalive: true });
      ${schedule}
    };
    window.fetch = async (input, init) => {
      const response = await fetch(input, init);
      answered(String(input));
      return response;
    };
    const { open } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (method, url) {
      this.addEventListener('load', () => answered(url));
      return open.call(this, method, url);
    };
  }`;
  return { ...BARE, name, source };
}

describe('bench', () => {
  it('turns every figure of the browser agent to false when its script is spoiled', async () => {
    const { agents, parts, ...rest } = await measureBrowser({
      agents: [withBefore(readOwnAgent(), SPOILING), { ...BARE, name: 'elastic' }],
      parts: [withBefore(readSnippet(), SPOILING)],
      rounds: 1,
      calls: 20,
      clicks: 10,
      navigations: 3,
      kills: 1,
      peerNavigations: 0,
      peerKills: 0,
      say: () => {},
    });
    const judged = [...agents[0]!.figures].filter(([key, { goal }]) => goal !== undefined && key !== 'size');
    expect(Object.fromEntries(judged.map(([key, { pass }]) => [key, pass]))).toEqual({
      start: false,
      deferredStart: false,
      heapAfterStart: false,
      click: false,
      fetchCpu: false,
      xhrCpu: false,
      plainBytes: false,
      gzipBytes: false,
      spans: false,
      untold: false,
      navigation: false,
      kill: false,
    });
    const [snippet] = parts;
    expect(snippet!.figures.get('start')).toMatchObject({ goal: 0.5, pass: false });
    expect(snippet!.figures.has('deferredStart')).toBe(false);
    const page = toMarkdown({ agents, parts, ...rest }, { cores: 2, load: 0 });
    const figures = [...agents, ...parts].flatMap((result) => [...result.figures.values()]);
    expect(page.match(/\*\*missed\*\*/g)).toHaveLength(figures.filter(({ pass }) => pass === false).length);
    const beyond = figures.filter(({ isInBound }) => isInBound === false);
    expect(page.match(/\*\*exceeded\*\*/g)).toHaveLength(beyond.length);
    expect(beyond.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['browser: eval + init', 'browser: main-thread CPU per fetch, ratio to none']),
    );
    expect(page).toMatch(/≤ \d\.\d\d \(elastic\) \| \*\*exceeded\*\*/);
    expect(page).toContain('| 3 of 3 |');
  });
});

describe('losses in the browser', () => {
  const atOnce = tellAfter('at once', 'tell();');
  const late = tellAfter('late', 'setTimeout(tell, 10_000);');
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(() => stage.close());

  it('are none for an agent that tells of each request at once', async () => {
    expect(await measureNavigationLosses(stage, atOnce, 3)).toEqual({ lost: 0, of: 3 });
    expect(await measureKillLosses(atOnce, 1)).toEqual({ lost: 0, of: 3 });
    expect(await measureExported(stage, atOnce, 9)).toEqual({ lost: 0, of: 9 });
  });

  it('are all for one that waits', async () => {
    expect(await measureNavigationLosses(stage, late, 3)).toEqual({ lost: 3, of: 3 });
    expect(await measureKillLosses(late, 1)).toEqual({ lost: 3, of: 3 });
  });

  it('are counted one by one', async () => {
    const everyThird = tellAfter('two of three', 'if (++count % 3) tell();');
    expect(await measureExported(stage, everyThird, 9)).toEqual({ lost: 3, of: 9 });
  });
});

describe('toFigure', () => {
  const spec = { name: 'x', unit: 'ms', goal: 3, client: 'file' } as const;

  it('judges the median, the goal itself included', () => {
    expect(toFigure({ ...spec, better: 'less' }, [100, 3, 1])).toMatchObject({ value: 3, pass: true, n: 3 });
    expect(toFigure({ ...spec, better: 'less' }, [4, 4, 1])).toMatchObject({ value: 4, pass: false });
    expect(toFigure({ ...spec, better: 'more' }, [2, 2, 9])).toMatchObject({ value: 2, pass: false });
    expect(toFigure({ ...spec, better: 'more' }, [3])).toMatchObject({ value: 3, pass: true });
  });

  it('tells a step back beyond the bound apart from a missed goal', () => {
    const bounded = { ...spec, bound: 5 };
    expect(toFigure({ ...bounded, better: 'less' }, [5])).toMatchObject({ pass: false, isInBound: true });
    expect(toFigure({ ...bounded, better: 'less' }, [6])).toMatchObject({ pass: false, isInBound: false });
    expect(toFigure({ ...spec, better: 'less' }, [6])).not.toHaveProperty('isInBound');
  });

  it('judges nothing where there is no goal', () => {
    const { goal: _, ...without } = spec;
    const figure = toFigure({ ...without, better: 'less', agent: 'other' }, [1]);
    expect(figure).toMatchObject({ agent: 'other', value: 1 });
    expect(figure).not.toHaveProperty('pass');
  });

  it('spreads from the first to the third quartile', () => {
    expect(toFigure({ ...spec, better: 'less' }, [1, 2, 3, 4, 5]).spread).toBe(2);
    expect(quantile([4, 1], 0.5)).toBe(2.5);
  });
});

describe('toBoundedFigure', () => {
  const spec = { name: 'x', unit: 'ms', goal: 3, better: 'less', client: 'file' } as const;
  const near = (value: number): number[] => Array.from({ length: 101 }, (_, n) => value + (n - 50) / 50);

  it('judges by the upper bound of the median', () => {
    expect(toBoundedFigure(spec, near(2.5), 0.1)).toMatchObject({ value: 2.5, upperBound: 2.68, pass: true });
    expect(toBoundedFigure(spec, near(2.9), 0.1)).toMatchObject({
      value: 2.9,
      upperBound: 3.08,
      pass: false,
    });
  });

  it('does not judge what is within the noise', () => {
    expect(toBoundedFigure(spec, near(2), 4)).not.toHaveProperty('pass');
    expect(toBoundedFigure(spec, near(8), 4)).toMatchObject({ pass: false });
  });

  it('bounds the median of few samples by the greatest', () => {
    expect(medianUpperBound([1, 2])).toBe(2);
    expect(toNoise([-3, -1, 2])).toBe(3);
  });
});

describe('the page of benchmarks', () => {
  const page = '# One\n\nold\n\n## Part\n\n# Two\n\nkept\n';

  it('has one part replaced, and the others as they were', () => {
    expect(withPart(page, '# One\n\nnew\n')).toBe('# One\n\nnew\n\n# Two\n\nkept\n');
    expect(withPart(page, '# Two\n\nnew\n')).toBe('# One\n\nold\n\n## Part\n\n# Two\n\nnew\n');
  });

  it('gets a part that it did not have', () => {
    expect(withPart(page, '# Three\n')).toBe(`${page}\n# Three\n`);
    expect(withPart('', '# Three\n')).toBe('# Three\n');
  });
});
