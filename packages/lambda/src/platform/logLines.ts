/** Lambda drops lines of JSON below such a level, and takes those without a level for INFO. */
const ABOVE_INFO = /WARN|ERROR|FATAL/;

/**
 * Makes a writer of lines of JSON into the function's log. They are written as they are, past the runtime client's `console`
 * and past whoever observes or has replaced `process.stdout.write`.
 *
 * Where Lambda filters the log by levels, a line is given the highest: it is no message of any level. Readers of OTLP pass
 * over fields that they do not know.
 *
 * @param environment the process's variables
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export function createLineWriter(
  environment: Readonly<Record<string, string | undefined>>,
): (line: string) => Promise<void> {
  const isFiltered =
    environment['AWS_LAMBDA_LOG_FORMAT'] === 'JSON' &&
    ABOVE_INFO.test(environment['AWS_LAMBDA_LOG_LEVEL'] ?? '');
  return (line) => {
    const { stdout } = process;
    const { write } = Object.getPrototypeOf(stdout) as {
      readonly write: (this: unknown, ...args: unknown[]) => unknown;
    };
    const level = isFiltered ? `,"level":"FATAL","timestamp":"${new Date().toISOString()}"}` : '}';
    return new Promise((resolve) => {
      Reflect.apply(write, stdout, [`${line.slice(0, -1)}${level}\n`, () => resolve()]);
    });
  };
}
