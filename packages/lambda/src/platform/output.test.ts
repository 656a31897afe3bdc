import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { observeOutput } from './output.ts';

/** A process of its own: two streams, a console on them, and a file descriptor that the runtime client may write to. */
function createTargets() {
  const written: string[] = [];
  const open = (name: string): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        written.push(`${name} ${String(chunk)}`);
        done();
      },
    });
  const streams = { stdout: open('stdout'), stderr: open('stderr') };
  const opened: string[] = [];
  const process = Object.defineProperties({} as typeof streams, {
    stdout: { configurable: true, enumerable: true, get: () => (opened.push('stdout'), streams.stdout) },
    stderr: { configurable: true, enumerable: true, get: () => (opened.push('stderr'), streams.stderr) },
  });
  const fs = {
    writeSync: (fd: number, text: unknown) => {
      written.push(`${fd} ${String(text)}`);
      return 1;
    },
  };
  const seen: unknown[][] = [];
  const observer = {
    logged: (method: string, text: unknown, args: readonly unknown[]) =>
      seen.push(['logged', method, text, args]),
    wrote: (stream: string, chunk: unknown) => seen.push(['wrote', stream, chunk]),
  };
  return { written, streams, opened, process, fs, seen, observer };
}

describe('observeOutput', () => {
  it('sees what a method of console writes to a stream, once, and lets it be written as it is', () => {
    const { process, fs, seen, observer, streams, written } = createTargets();
    const target = {
      log: (text: string) => process.stdout.write(`prefix\t${text}\n`),
    };
    observeOutput(observer, { console: target, process, fs });
    expect(target.log('hello')).toBe(true);
    expect(written).toEqual(['stdout prefix\thello\n']);
    expect(seen).toEqual([['logged', 'log', 'prefix\thello\n', ['hello']]]);
    expect(process.stdout).toBe(streams.stdout);
  });

  it('sees what is written to a file descriptor, the last of it, and puts writeSync back', () => {
    const { process, fs, seen, observer, written, opened } = createTargets();
    const { writeSync } = fs;
    const target = {
      error(text: string) {
        fs.writeSync(3, 'frame');
        fs.writeSync(3, text);
      },
    };
    observeOutput(observer, { console: target, process, fs });
    expect(fs.writeSync).toBe(writeSync);
    target.error('failed');
    expect(fs.writeSync).toBe(writeSync);
    fs.writeSync(1, 'of the function');
    expect(written).toEqual(['3 frame', '3 failed', '1 of the function']);
    expect(seen).toEqual([['logged', 'error', 'failed', ['failed']]]);
    expect(opened).toEqual([]);
  });

  it('sees nothing of what is filtered', () => {
    const { process, fs, seen, observer } = createTargets();
    const target = { debug: () => {} };
    observeOutput(observer, { console: target, process, fs });
    target.debug();
    expect(seen).toEqual([]);
  });

  it('leaves the methods what they are: one function under two names, arity, this, errors', () => {
    const { process, fs, observer } = createTargets();
    const error = new Error('no');
    const log = function (this: unknown, _message: unknown): unknown {
      if (_message === error) throw error;
      return this;
    };
    const target = { log, info: log };
    observeOutput(observer, { console: target, process, fs });
    expect(target.log).toBe(target.info);
    expect(target.log).toHaveLength(1);
    expect(target.log.name).toBe('log');
    expect(target.log('x')).toBe(target);
    expect(() => target.log(error)).toThrow(error);
  });

  it('sees writers that go past console, with their callbacks, and their errors stay theirs', async () => {
    const { process, fs, seen, observer } = createTargets();
    observeOutput(observer, { console: {}, process, fs });
    await new Promise<void>((done) => {
      expect(process.stdout.write('{"level":"info"}\n', () => done())).toBe(true);
    });
    expect(() => process.stderr.write(1)).toThrow(TypeError);
    expect(seen).toEqual([['wrote', 'stdout', '{"level":"info"}\n']]);
  });

  it('counts what an inspected object logs itself as lines of their own', () => {
    const { process, fs, seen, observer, streams } = createTargets();
    const target = new Console(process.stdout, process.stderr);
    observeOutput(observer, { console: target, process: streams, fs });
    target.log({
      [Symbol.for('nodejs.util.inspect.custom')]() {
        target.error('inner');
        return 'outer';
      },
    });
    expect(seen.map(([, method, text]) => [method, text])).toEqual([
      ['error', 'inner\n'],
      ['log', 'outer\n'],
    ]);
  });
});
