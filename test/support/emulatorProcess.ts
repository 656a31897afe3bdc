// An emulator in a process of its own, to be killed by a test: prints what it has started as one line of JSON.
import { startEmulator } from '@clickspan/emulator';

const [codeDir] = process.argv.slice(2);
if (!codeDir) throw new Error('usage: emulatorProcess.ts <code folder>');

const emulator = await startEmulator({
  functions: [{ name: 'f', codeDir, handler: 'index.handler', timeoutMs: 60_000 }],
  functionUrls: [{ function: 'f' }],
  queues: [{ name: 'orders' }],
});
const event = (value: object): Promise<unknown> => emulator.invoke('f', value);
const resting = (count: number) => (): boolean =>
  emulator.environments().filter(({ frozen }) => frozen).length === count;

// Three environments come to rest, then one of them goes to work again.
await Promise.all([event({ workMs: 300 }), event({ workMs: 300 }), event({ workMs: 300 })]);
await until(resting(3));
void event({ workMs: 600_000 }).catch(() => undefined);
await until(resting(2));
const groups = emulator.environments().map(({ processGroupId }) => processGroupId);
process.stdout.write(
  `${JSON.stringify({ groups, urls: [emulator.functionUrls['f'], emulator.sqsEndpoint] })}\n`,
);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
