import type { LogEvent } from '@clickspan/emulator';
import type { DevConfig } from '../features/config/devConfig.ts';

/** Who wants to hear what while everything runs. */
export interface DevListeners {
  /** A sentence about what is being done or has happened. */
  readonly onProgress?: (sentence: string) => void;
  /** A line that a function or the platform wrote. */
  readonly onLog?: (event: LogEvent) => void;
  /** A line that a service wrote. */
  readonly onServiceLine?: (service: string, line: string) => void;
}

/** How to start. */
export interface DevOptions extends DevListeners {
  readonly config: DevConfig;
  /** A ClickHouse server to use in place of the embedded engine. */
  readonly clickhouseUrl?: string | undefined;
}
