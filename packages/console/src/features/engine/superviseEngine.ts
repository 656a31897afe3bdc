import { resolve as resolvePath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngineClient } from '../../platform/clickhouse.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';
import { toEngineFiles } from './engineFiles.ts';
import { resolveEngineLibrary } from './engineLibrary.ts';
import { launchEngine } from './launchEngine.ts';
import type { LaunchedEngine } from './launchEngine.ts';
import { decideRestart } from './restartPolicy.ts';

/** The way to the engine, whichever it is. */
export interface Engine {
  readonly kind: 'embedded' | 'external';
  /** `undefined` while the engine is away. */
  readonly client: () => EngineClient | undefined;
  /** The embedded engine's process at this moment. */
  readonly process: () => { readonly pid: number; readonly url: string } | undefined;
  readonly stop: () => Promise<void>;
}

/** How to start the embedded engine. */
export interface EmbeddedEngineOptions {
  readonly dataDir: string;
  readonly log: (line: string) => void;
}

/**
 * Starts the embedded engine and keeps one running until it is stopped.
 *
 * @throws ConsoleError when the first start fails; later ones are tried again for as long as it takes
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<Engine> {
  const files = toEngineFiles(resolvePath(options.dataDir));
  const library = resolveEngineLibrary();
  const stopping = new AbortController();
  let engine: LaunchedEngine | undefined = await launchEngine(files, library);
  let client: EngineClient | undefined = createEngineClient(engine.address);

  const launchAgain = async (): Promise<void> => {
    const next = await launchEngine(files, library);
    // Stopped while it was starting: nobody else knows of it yet.
    if (stopping.signal.aborted) return await next.stop();
    engine = next;
    client = createEngineClient(next.address);
  };

  const keepRunning = async (): Promise<void> => {
    let failures = 0;
    let startedMs = performance.now();
    while (!stopping.signal.aborted) {
      const lastWords = engine ? await engine.exited : 'it did not start';
      const gone = client;
      engine = undefined;
      client = undefined;
      void gone?.close().catch(() => undefined);
      if (stopping.signal.aborted) return;
      const decision = decideRestart({ livedMs: performance.now() - startedMs, failures });
      failures = decision.failures;
      options.log(`the engine has ended, a new one starts in ${decision.delayMs} ms: ${lastWords}`);
      await sleep(decision.delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      startedMs = performance.now();
      await launchAgain().catch((error: unknown) => {
        options.log(error instanceof Error ? error.message : String(error));
      });
    }
  };
  const supervision = keepRunning();

  return {
    kind: 'embedded',
    client: () => client,
    process: () => engine && { pid: engine.pid, url: engine.address.url },
    async stop(): Promise<void> {
      stopping.abort();
      await client?.close().catch(() => undefined);
      await engine?.stop();
      await supervision;
    },
  };
}
