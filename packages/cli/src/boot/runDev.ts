import { createStyle, takesColour } from '../features/output/style.ts';
import type { Style } from '../features/output/style.ts';
import { toInvocationLine } from '../features/output/invocationLines.ts';
import { CONFIG_FILE_NAME, readConfigFile } from '../features/config/readConfigFile.ts';
import { observeEndRequests } from '../platform/endSignals.ts';
import { startDev } from './startDev.ts';
import type { Dev } from './startDev.ts';

/** What `clickspan dev` takes. */
export interface RunDevOptions {
  readonly config?: string | undefined;
}

/** A part that hangs may not keep a terminal for longer. */
const STOP_WITHIN_MS = 5000;
const FORCED_STATUS = 130;

/**
 * Runs `clickspan dev` until it is asked to end.
 *
 * @param options the path of the configuration
 * @returns the exit status
 */
export async function runDev(options: RunDevOptions): Promise<number> {
  const requests = observeEndRequests(() => process.exit(FORCED_STATUS));
  const style = createStyle(takesColour(process.stdout));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const starting = startDev({
    config: readConfigFile(options.config ?? CONFIG_FILE_NAME),
    clickhouseUrl: process.env['CLICKHOUSE_URL'],
    onProgress: (sentence) => say(style.dim(sentence)),
    onLog: (event) => {
      const line = toInvocationLine(event, style);
      if (line !== undefined) say(line);
    },
    onServiceLine: (service, line) => say(`  ${style.dim(`${service.padEnd(10)}│ ${line}`)}`),
  });
  const dev = await Promise.race([starting, requests.first]);
  if (dev) {
    say(describeDev(dev, style));
    await requests.first;
  }
  say(style.dim('\nEnding …'));
  // Asked to end while starting: what has been started is stopped as soon as it is there.
  await withinTime(dev ? dev.stop() : starting.then((late) => late.stop()));
  requests.stop();
  return 0;
}

async function withinTime(stopping: Promise<void>): Promise<void> {
  const timer = setTimeout(() => process.exit(FORCED_STATUS), STOP_WITHIN_MS);
  await stopping.catch(() => undefined);
  clearTimeout(timer);
}

/** The addresses, and who plays Lambda. */
function describeDev(dev: Dev, style: Style): string {
  const rows: [string, string][] = [
    ...Object.entries(dev.siteUrls).map(([name, url]): [string, string] => [name, `${url}/`]),
    ['console', `${dev.consoleUrl.replace(/\/$/, '')}/`],
    ['collector', `${dev.collectorUrl.replace(/\/$/, '')}/v1/traces`],
    ...Object.entries(dev.apiUrls).map(([name, url]): [string, string] => [`API ${name}`, url]),
    ...Object.entries(dev.functionUrls).map(([name, url]): [string, string] => [`function ${name}`, url]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length), 'runtime'.length);
  const client =
    dev.runtimeClient === 'native'
      ? "native (AWS's own, compiled)"
      : "stand-in (AWS's own JavaScript; its compiled half is replaced)";
  return [
    '',
    ...rows.map(([name, url]) => `  ${name.padEnd(width)}  ${style.bold(url)}`),
    `  ${'runtime'.padEnd(width)}  ${client}`,
    '',
    style.dim('  Ctrl-C ends everything.'),
    '',
  ].join('\n');
}
