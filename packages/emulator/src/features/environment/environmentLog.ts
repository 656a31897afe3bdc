import type { EnvironmentOptions } from './environment.ts';
import type { LogEvent } from './logEvent.ts';
import { isLogged } from './platformEvents.ts';
import { createTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

/** Where everything goes that an environment, or the platform about it, has to say. */
export interface EnvironmentLog {
  readonly telemetry: Telemetry;
  /** Writes a line of the platform's, where the log is text; in JSON, events are its lines. */
  text(line: string): void;
  /** Writes a line of the function's, or of an external extension's. */
  line(source: 'stdout' | 'stderr', line: string, extension?: string): void;
}

/**
 * Makes the log of one environment.
 *
 * @param options the function, and whom to tell
 * @param environmentId the environment
 */
export function createEnvironmentLog(
  {
    settings,
    clock,
    onLog,
    postTelemetry,
  }: Pick<EnvironmentOptions, 'settings' | 'clock' | 'onLog' | 'postTelemetry'>,
  environmentId: string,
): EnvironmentLog {
  const isJson = settings.logFormat === 'JSON';
  const write = (source: LogEvent['source'], line: string, extension?: string): void =>
    onLog({
      functionName: settings.name,
      environmentId,
      source,
      line,
      atUnixMs: clock(),
      ...(extension === undefined ? {} : { extension }),
    });
  const telemetry = createTelemetry({
    clock,
    post: postTelemetry,
    parseLines: isJson,
    onPlatformEvent: (event) => {
      if (isJson && isLogged(event)) write('platform', JSON.stringify(event));
    },
  });
  return {
    telemetry,
    text: (line) => {
      if (!isJson) write('platform', line);
    },
    line: (source, line, extension) => {
      write(source, line, extension);
      telemetry.line(extension === undefined ? 'function' : 'extension', line);
    },
  };
}
