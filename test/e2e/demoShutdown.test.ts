import { afterEach, describe, expect, it } from 'vitest';
import { startProgram, writeDemoConfig } from '../support/demoProcess.ts';
import type { DemoConfig, RunningProgram } from '../support/demoProcess.ts';
import { filterAlive, filterListening, listListeningPorts, listProcessTree } from '../support/processTree.ts';
import type { TreeProcess } from '../support/processTree.ts';

const linux = process.platform === 'linux';
/** What the issue grants after a SIGKILL. */
const GONE_WITHIN_MS = 6000;
const READY = /Ctrl-C ends everything/;

let config: DemoConfig | undefined;
let program: RunningProgram | undefined;
let before: TreeProcess[] = [];

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  for (const { pid } of filterAlive(before)) process.kill(pid, 'SIGKILL');
  config?.remove();
});

interface Running {
  readonly program: RunningProgram;
  readonly tree: TreeProcess[];
  readonly ports: number[];
  readonly address: (name: string) => string;
}

/** Starts the demo and buys once by hand, so that there are frozen functions. */
async function startShop(script: string, args: string[]): Promise<Running> {
  config = writeDemoConfig();
  const running = startProgram(script, [...args, '--config', config.file]);
  program = running;
  await running.waitFor(READY);
  const address = (name: string): string => new RegExp(`${name} +(http://\\S+)`).exec(running.out())![1]!;
  const order = { productId: 'gayo', quantity: 1 };
  const post = { method: 'POST', body: JSON.stringify(order) };
  expect((await fetch(`${address('API shop')}/orders`, post)).status).toBe(201);
  await running.waitFor(/fulfil +\d+ ms/);
  const stopped = (): number => listProcessTree(running.pid).filter(({ state }) => state === 'T').length;
  await expect.poll(stopped, { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
  const tree = listProcessTree(running.pid);
  const ports = listListeningPorts(tree);
  before = tree;
  return { program: running, tree, ports, address };
}

/** What a tree of processes consists of: run.mjs or not, the main one, engine, service, functions, reaper. */
const LEAST_PROCESSES = 6;
/** Site, API, queue, collector, console, service, engine, and one Runtime API for each of two environments. */
const LEAST_PORTS = 9;

async function expectAllGone({ tree, ports }: Running, withinMs: number): Promise<void> {
  expect(tree.length).toBeGreaterThanOrEqual(LEAST_PROCESSES);
  expect(ports.length).toBeGreaterThanOrEqual(LEAST_PORTS);
  await new Promise((done) => setTimeout(done, withinMs));
  expect(filterAlive(tree)).toEqual([]);
  expect(filterListening(ports)).toEqual([]);
}

/** Nothing may hold the data directory: the next start must get the same one, and find what was stored. */
async function expectDataDirFree(): Promise<void> {
  const again = startProgram('examples/storefront/demo.ts', ['--config', config!.file]);
  program = again;
  await again.waitFor(READY);
  expect(again.out()).not.toContain('Another console uses');
  again.child.kill('SIGINT');
  expect(await again.ended).toBe(0);
}

describe.skipIf(!linux)('the demo ends with everything that it started (needs /proc)', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('on %s, in order, with status 0', async (signal) => {
    const running = await startShop('examples/storefront/demo.ts', []);
    running.program.child.kill(signal);
    expect(await running.program.ended, running.program.err()).toBe(0);
    await expectAllGone(running, 0);
  });

  it('when its main process is killed, within 6 s, frozen functions included', async () => {
    const running = await startShop('examples/storefront/demo.ts', []);
    running.program.child.kill('SIGKILL');
    await running.program.ended;
    await expectAllGone(running, GONE_WITHIN_MS);
    await expectDataDirFree();
  });

  it('when the process that npm started is killed, within 6 s', async () => {
    const running = await startShop('scripts/run.mjs', ['demo']);
    running.program.child.kill('SIGKILL');
    await running.program.ended;
    await expectAllGone(running, GONE_WITHIN_MS);
  });

  it('when nobody reads its output any more', async () => {
    config = writeDemoConfig();
    program = startProgram('examples/storefront/demo.ts', ['--config', config.file]);
    await program.waitFor(READY);
    before = listProcessTree(program.pid);
    const address = /API shop +(http:\S+)/.exec(program.out())![1]!;
    program.child.stdout!.destroy();
    // The next line that it wants to write tells it.
    await fetch(`${address}/catalog`);
    expect(await program.ended, program.err()).toBe(0);
    await expect.poll(() => filterAlive(before), { timeout: GONE_WITHIN_MS }).toEqual([]);
  });

  it('when it is told to end before everything has started', async () => {
    config = writeDemoConfig();
    program = startProgram('examples/storefront/demo.ts', ['--config', config.file]);
    await program.waitFor(/Starting dynamodb/);
    before = listProcessTree(program.pid);
    program.child.kill('SIGINT');
    expect(await program.ended, program.err()).toBe(0);
    await expect.poll(() => filterAlive(before), { timeout: GONE_WITHIN_MS }).toEqual([]);
  });

  it('at once when Ctrl-C comes again while something does not want to end', async () => {
    config = writeDemoConfig(({ services }) => {
      const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`;
      services['stubborn'] = { command: ['node', '-e', script], readyWhen: 'ready' };
    });
    program = startProgram('examples/storefront/demo.ts', ['--config', config.file]);
    await program.waitFor(READY);
    before = listProcessTree(program.pid);
    program.child.kill('SIGINT');
    await program.waitFor(/Ending/);
    await new Promise((done) => setTimeout(done, 600));
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(130);
    await expect.poll(() => filterAlive(before), { timeout: GONE_WITHIN_MS }).toEqual([]);
  });

  it('while a customer is being played, the browser included', async () => {
    config = writeDemoConfig();
    program = startProgram('examples/storefront/demo.ts', ['--once', '--json', '--config', config.file]);
    await program.waitFor(/Buying, cold/);
    before = listProcessTree(program.pid);
    expect(before.some(({ command }) => /chrom/.test(command))).toBe(true);
    program.child.kill('SIGKILL');
    await program.ended;
    await new Promise((done) => setTimeout(done, GONE_WITHIN_MS));
    expect(filterAlive(before)).toEqual([]);
  });
});

describe('the demo', () => {
  it('passes over ports that are taken, so that two run side by side', async () => {
    const first = writeDemoConfig();
    const one = startProgram('examples/storefront/demo.ts', ['--config', first.file]);
    try {
      await one.waitFor(READY);
      program = startProgram('examples/storefront/demo.ts', ['--config', first.file]);
      await program.waitFor(READY);
      expect(program.out()).toMatch(/Port 5\d+ \(site\.shop\) is taken: \d+ it is\./);
      expect(program.out()).toContain('Another console uses');
      const page = await fetch(/shop +(http:\S+)/.exec(program.out())![1]!);
      expect(await page.text()).toContain('Harbour Lane Coffee');
      program.child.kill('SIGINT');
      expect(await program.ended).toBe(0);
    } finally {
      one.child.kill('SIGINT');
      await one.ended;
      first.remove();
    }
  });
});
