import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../dist/platform/processEnd.js', import.meta.url));

/** Runs code in a process that is observed; gives what was told, and how it ended. */
function run(code: string, observed = true): { told: string[]; status: number | null; output: string } {
  const observe = `
    const { observeProcessEnd } = await import(${JSON.stringify(MODULE)});
    const { writeSync } = await import('node:fs');
    observeProcessEnd({
      uncaught: (error) => writeSync(1, 'told uncaught ' + (error?.message ?? error) + '\\n'),
      exit: (code) => writeSync(1, 'told exit ' + code + '\\n'),
      idle: () => writeSync(1, 'told idle\\n'),
    });`;
  const source = `${observed ? observe : ''}\n${code}`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter(Boolean);
  return {
    told: lines.filter((line) => line.startsWith('told ')).map((line) => line.slice(5)),
    status,
    output: lines.filter((line) => !line.startsWith('told ')).join('\n'),
  };
}

describe('observing how a process ends', () => {
  it.each([
    ['process.exit(7);', ['exit 7']],
    ['setTimeout(() => { throw new Error("lost"); });', ['uncaught lost', 'exit 1']],
    [
      'Promise.reject(new Error("lost")); setTimeout(() => {}, 50);',
      ['uncaught lost', 'uncaught lost', 'exit 1'],
    ],
    ['console.log("done");', ['exit 0']],
    ['globalThis[Symbol.for("aws.lambda.beforeExit")] = () => {};', ['idle', 'exit 0']],
    [
      'process.on("uncaughtException", () => console.log("mine")); setTimeout(() => { throw 1; });',
      ['uncaught 1', 'exit 0'],
    ],
    [
      'process.on("unhandledRejection", () => process.exit(128)); Promise.reject(2);',
      ['uncaught 2', 'exit 128'],
    ],
    ['process.on("exit", () => { console.log("bye"); process.exitCode = 9; });', ['exit 0']],
    [
      'console.log(process.eventNames().map(String).sort().join(), process.listenerCount("exit"), process.emit("mine"), process.emit.length, process.emit.name);',
      ['exit 0'],
    ],
    ['console.log(Object.keys(process).includes("emit"));', ['exit 0']],
  ])('tells it, and changes nothing: %s', (code, told) => {
    const bare = run(code, false);
    const observed = run(code);
    expect(observed.told).toEqual(told);
    expect([observed.status, observed.output]).toEqual([bare.status, bare.output]);
  });
});
