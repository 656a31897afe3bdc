import { join } from 'node:path';

/** Where the embedded engine keeps its things inside the console's data directory. */
export interface EngineFiles {
  /** ClickHouse's own directory: tables, and a lock that dies with its process. */
  readonly data: string;
  /** Holds the secret; readable by its owner only. */
  readonly config: string;
  /** The engine writes its port here when it listens. */
  readonly port: string;
  /** Who owns the directory: console and engine, by pid. */
  readonly owner: string;
}

/** Lays out the files of a data directory. */
export function toEngineFiles(dataDir: string): EngineFiles {
  return {
    data: join(dataDir, 'engine'),
    config: join(dataDir, 'engine.xml'),
    port: join(dataDir, 'engine.port'),
    owner: join(dataDir, 'engine.owner.json'),
  };
}
