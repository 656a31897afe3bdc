/** How a console is to be started. */
export interface ConsoleOptions {
  /** Holds everything that is stored; made when it is not there. */
  readonly dataDir: string;
  /** Use this ClickHouse server instead of the embedded engine: an http or https address. */
  readonly clickhouseUrl?: string;
  /** Where agents send to; 0 for any free port. */
  readonly collectorPort: number;
  /** Where people look; 0 for any free port. */
  readonly consolePort: number;
  /** The address that both listeners bind; 127.0.0.1 unless given. */
  readonly host?: string;
  /** Whole days that spans are kept; 30 unless given, 0 for ever. */
  readonly retentionDays?: number;
  /** Host names beside the loopback ones by which the console may be asked. */
  readonly allowedHosts?: readonly string[];
  /** Gets a line for the operator; never a secret and never what was sent. Silent unless given. */
  readonly log?: (line: string) => void;
}

/** A running console. */
export interface Console {
  readonly collectorUrl: string;
  readonly consoleUrl: string;
  /** The embedded engine's process as it is now; `undefined` while it is away, and with `clickhouseUrl`. */
  readonly engine: { readonly pid: number; readonly url: string } | undefined;
  /** Answers what is under way, then ends listeners and engine. */
  readonly stop: () => Promise<void>;
}
