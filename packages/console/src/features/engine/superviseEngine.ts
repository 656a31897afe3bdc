import { resolve as resolvePath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleError } from '../../consoleError.ts';
import { createEngineClient } from '../../platform/clickhouse.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';
import { toEngineFiles } from './engineFiles.ts';
import { resolveEngineLibrary } from './engineLibrary.ts';
import { startEngineProbe } from './engineProbe.ts';
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
  /** Runs on each new engine before anybody else may use it. */
  readonly prepare: (client: EngineClient) => Promise<void>;
  readonly log: (line: string) => void;
}

/** An engine that is ready for use. */
interface ReadyEngine extends LaunchedEngine {
  readonly client: EngineClient;
}

/**
 * Starts the embedded engine and keeps one running until it is stopped: one that ends, or that lives and does not
 * answer, is followed by a new one.
 *
 * @throws ConsoleError when the first start fails; later ones are tried again for as long as it takes
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<Engine> {
  const files = toEngineFiles(resolvePath(options.dataDir));
  const library = resolveEngineLibrary();
  const stopping = new AbortController();
  const { signal } = stopping;

  const bringUp = async (): Promise<ReadyEngine> => {
    const launched = await launchEngine({ files, library, signal });
    const client = createEngineClient(launched.address);
    try {
      await options.prepare(client);
    } catch (error) {
      await client.close();
      await launched.stop();
      if (error instanceof ConsoleError) throw error;
      throw new ConsoleError('CLICKSPAN_CONSOLE_ENGINE_START', `${toText(error)}; ${await launched.exited}`, {
        cause: error,
      });
    }
    return { ...launched, client };
  };
  let engine: ReadyEngine | undefined = await bringUp();

  /** @returns the last words of an engine that has ended */
  const outlive = async (ready: ReadyEngine): Promise<string> => {
    const probe = startEngineProbe({
      ping: ready.client.ping,
      onHung: () => {
        if (signal.aborted) return;
        options.log('the engine does not answer and is ended');
        void ready.stop();
      },
    });
    const lastWords = await ready.exited;
    probe.stop();
    engine = undefined;
    await ready.client.close().catch(() => undefined);
    return lastWords;
  };

  const keepRunning = async (): Promise<void> => {
    let failures = 0;
    let startedMs = performance.now();
    while (!signal.aborted) {
      const lastWords = engine ? await outlive(engine) : 'it did not start';
      if (signal.aborted) return;
      const decision = decideRestart({ livedMs: performance.now() - startedMs, failures });
      failures = decision.failures;
      options.log(`the engine has ended, a new one starts in ${decision.delayMs} ms: ${lastWords}`);
      await sleep(decision.delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      startedMs = performance.now();
      engine = await bringUp().catch((error: unknown) => {
        if (!signal.aborted) options.log(toText(error));
        return undefined;
      });
    }
    // Stopped in the moment that it was ready, when nobody else knew of it yet.
    await engine?.stop();
  };
  const supervision = keepRunning();

  return {
    kind: 'embedded',
    client: () => engine?.client,
    process: () => engine && { pid: engine.pid, url: engine.address.url },
    async stop(): Promise<void> {
      stopping.abort();
      await engine?.client.close().catch(() => undefined);
      await engine?.stop();
      await supervision;
    },
  };
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
