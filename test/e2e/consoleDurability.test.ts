import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Trace } from '../../packages/console/src/api/types.ts';
import { startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newSpanId, newTraceId, sendSpans } from '../support/otlpTraces.ts';

const KILLS = 20;
const SENDERS = 4;
const SPANS_PER_BATCH = 25;
/** What is found again is asked for by trace, and few large ones are asked for sooner than many small. */
const BATCHES_PER_TRACE = 50;
/** A kill comes somewhere within this time after the one before has been survived. */
const MAX_INGEST_MS = 1_200;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('durability', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'clickspan-durability-'));
  let console_: ConsoleProcess;

  afterAll(async () => {
    await console_.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(`${KILLS} SIGKILLs of console and engine lose nothing that was answered 200`, async () => {
    console_ = await startConsoleProcess(dataDir);
    /** Span ids by trace of every batch that was answered 200. */
    const ledger = new Map<string, string[]>();
    let acknowledgedBatches = 0;
    let sending = true;
    let sent = 0;

    const send = async (): Promise<void> => {
      let traceId = '';
      for (let batch = 0; sending; batch++) {
        if (batch % BATCHES_PER_TRACE === 0) traceId = newTraceId();
        const spanIds = Array.from({ length: SPANS_PER_BATCH }, newSpanId);
        const spans = spanIds.map((spanId) => ({ traceId, spanId, service: `s${sent % 7}` }));
        // A batch that was not acknowledged is sent again, as an agent does, but only a few times.
        for (let attempt = 0; attempt < 3 && sending; attempt++) {
          sent++;
          const status = await sendSpans(console_.collectorUrl, spans).then(
            async (response) => {
              await response.arrayBuffer();
              return response.status;
            },
            () => 0,
          );
          if (status === 200) {
            ledger.set(traceId, [...(ledger.get(traceId) ?? []), ...spanIds]);
            acknowledgedBatches++;
            break;
          }
          expect([0, 503]).toContain(status);
          await sleep(20);
        }
      }
    };

    const senders = Array.from({ length: SENDERS }, send);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = acknowledgedBatches;
      await sleep(Math.random() * MAX_INGEST_MS);
      if (kill % 2 === 0) {
        killEngine(await readEnginePid());
      } else {
        const enginePid = await readEnginePid();
        const ended = console_.end('SIGKILL');
        // Half of the time both at once.
        if (kill % 4 === 1) killEngine(enginePid);
        await ended;
        console_ = await startConsoleProcess(dataDir);
      }
      // Ingest goes on after each.
      await expect.poll(() => acknowledgedBatches, { timeout: 60_000, interval: 20 }).toBeGreaterThan(before);
    }
    sending = false;
    await Promise.all(senders);
    await console_.end('SIGKILL');
    console_ = await startConsoleProcess(dataDir);

    const missing: string[] = [];
    let doubled = 0;
    for (const [traceId, spanIds] of ledger) {
      const response = await fetch(`${console_.consoleUrl}/api/traces/${traceId}`);
      const trace = response.ok ? ((await response.json()) as Trace) : undefined;
      const shown = trace?.spans.map((span) => span.spanId) ?? [];
      const found = new Set(shown);
      doubled += shown.length - found.size;
      missing.push(...spanIds.filter((spanId) => !found.has(spanId)));
    }
    expect(acknowledgedBatches).toBeGreaterThan(KILLS);
    expect(missing).toEqual([]);
    expect(doubled).toBe(0);
  }, 300_000);

  /** The engine's process as the data directory tells it, since it changes with each start. */
  async function readEnginePid(): Promise<number> {
    let pid = 0;
    const find = async (): Promise<boolean> => {
      const owner = await readFile(join(dataDir, 'engine.owner.json'), 'utf8').catch(() => '{}');
      pid = (JSON.parse(owner) as { engine?: { pid: number } }).engine?.pid ?? 0;
      return isOurs(pid);
    };
    await expect.poll(find, { timeout: 60_000, interval: 10 }).toBe(true);
    return pid;
  }

  function killEngine(pid: number): void {
    // It may have ended by itself in this moment, because its console has.
    if (isOurs(pid)) process.kill(pid, 'SIGKILL');
  }

  function isOurs(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--path=${dataDir}`);
    } catch {
      return false;
    }
  }
});
