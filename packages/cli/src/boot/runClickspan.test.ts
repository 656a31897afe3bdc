import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../dist/entries/clickspan.js');
const folder = mkdtempSync(join(tmpdir(), 'clickspan-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { cwd: folder }, (_, out, err) => {
      resolve({ status: child.exitCode!, out, err });
    });
  });
}

describe('clickspan', () => {
  it('prints its version and its help on standard output', async () => {
    expect(await run('--version')).toEqual({ status: 0, out: '0.1.0\n', err: '' });
    const help = await run('--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    expect(help.out).toContain('clickspan dev');
    expect(help.out).toContain('clickspan console');
  });

  it('explains itself on standard error when it is called with nothing', async () => {
    expect(await run()).toMatchObject({ status: 9, out: '', err: expect.stringContaining('Usage') });
  });

  it.each([
    [['def'], 'There is no command "def"; there are: dev, console.'],
    [['dev', '--port', '1'], "Unknown option '--port'"],
    [['dev', 'shop'], '"shop" is one word too many.'],
    [['console', '--config', 'x'], 'console does not take --config.'],
    [['console', '--console-port', 'http'], '--console-port must be a port from 0 to 65535, not "http".'],
  ])('refuses %j without a stack', async (args, message) => {
    const { status, err } = await run(...args);
    expect(status).toBe(9);
    expect(err).toContain(message);
    expect(err).toContain('(CLICKSPAN_CLI_USAGE)');
    expect(err).not.toContain('    at ');
  });

  it('says where it looked for a configuration', async () => {
    const { status, err } = await run('dev');
    expect(status).toBe(1);
    expect(err).toContain(`Looked for ${join(folder, 'clickspan.config.json')}`);
  });

  it('names a broken file, and code that has not been built', async () => {
    writeFileSync(join(folder, 'broken.json'), '{');
    expect((await run('dev', '-c', 'broken.json')).err).toContain('broken.json is not JSON');
    const unbuilt = { functions: { orders: { code: 'dist/orders', handler: 'index.handler' } } };
    writeFileSync(join(folder, 'unbuilt.json'), JSON.stringify(unbuilt));
    const { status, err } = await run('dev', '-c', 'unbuilt.json');
    expect(status).toBe(1);
    expect(err).toContain(`functions.orders.code names ${join(folder, 'dist/orders')}: build it first`);
  });
});
