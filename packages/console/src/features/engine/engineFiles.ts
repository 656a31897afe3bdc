import { join } from 'node:path';

/** Where the embedded engine keeps its things inside the console's data directory. */
export interface EngineFiles {
  /** ClickHouse's own directory: tables, and a lock that dies with its process. */
  readonly data: string;
  /** Who owns the directory: console and engine, by pid. */
  readonly owner: string;
  /** Beginning of the names of the directories that `toRunFiles` lays out. */
  readonly runPrefix: string;
}

/**
 * The files of one start of the engine, in a directory of their own: an engine of before that still ends, or still
 * starts, neither writes its port into ours nor removes our secret.
 */
export interface RunFiles {
  readonly dir: string;
  /** Holds the secret; readable by its owner only. */
  readonly config: string;
  /** The engine writes its port here when it listens. */
  readonly port: string;
}

/** Lays out the files of a data directory. */
export function toEngineFiles(dataDir: string): EngineFiles {
  return {
    data: join(dataDir, 'engine'),
    owner: join(dataDir, 'engine.owner.json'),
    runPrefix: join(dataDir, 'engine.run.'),
  };
}

/** Lays out the files of one start. */
export function toRunFiles(dir: string): RunFiles {
  return { dir, config: join(dir, 'engine.xml'), port: join(dir, 'port') };
}
