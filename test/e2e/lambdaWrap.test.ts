import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulator } from '@clickspan/emulator';
import type { Emulator, RuntimeName } from '@clickspan/emulator';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { until, writeCode } from '../support/lambdaFixture.ts';
import type { Code } from '../support/lambdaFixture.ts';
import { LAYER_ZIP, isInvocation } from '../support/layer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let collector: FakeCollector;
let emulator: Emulator | undefined;
let code: Code | undefined;
beforeEach(async () => {
  collector = await startFakeCollector();
});
afterEach(async () => {
  await emulator?.stop();
  emulator = undefined;
  await code?.remove();
  await collector.stop();
});

interface Setup {
  readonly source: string;
  readonly format: 'esm' | 'cjs';
  readonly layer?: boolean;
  readonly runtime?: RuntimeName;
}

/** Starts a function that is bundled by esbuild with the npm module in it. */
async function start({ source, format, layer = false, runtime = 'nodejs24.x' }: Setup): Promise<Emulator> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format,
    target: 'node22',
  });
  const file = format === 'esm' ? 'bundled.mjs' : 'bundled.cjs';
  code = await writeCode('', { [file]: outputFiles[0]!.text });
  emulator = await startEmulator({
    functions: [
      {
        name: 'f',
        codeDir: code.codeDir,
        handler: 'bundled.handler',
        timeoutMs: 5000,
        runtime,
        layers: layer ? [LAYER_ZIP] : [],
        environment: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          ...(layer && { NODE_OPTIONS: '--require /opt/clickspan/preload.cjs' }),
        },
      },
    ],
  });
  return emulator;
}

async function frozen(running: Emulator): Promise<void> {
  await until('the environment is frozen', () => running.environments()[0]?.frozen);
}

describe('wrap() from the npm module', () => {
  it.each([false, true])(
    'in an ES module, brings each span out before the environment is frozen (with the layer: %s)',
    async (layer) => {
      const running = await start({
        format: 'esm',
        layer,
        source: `
          import { ready, wrap } from '@clickspan/lambda';
          export const handler = wrap(async (event: { n: number }) => event.n + 1, { serviceName: 'mine' });
          await ready();`,
      });
      for (let n = 0; n < 3; n++) {
        const { payload, requestId } = await running.invoke('f', { n });
        expect(payload).toBe(n + 1);
        await frozen(running);
        const spans = collector.spans.filter(isInvocation(requestId));
        expect(spans).toHaveLength(1);
        expect(spans[0]!.attributes['faas.coldstart']).toBe(n === 0);
        expect(spans[0]!.resource['service.name']).toBe(layer ? 'f' : 'mine');
      }
      expect(collector.spans.filter(isInvocation())).toHaveLength(3);
    },
  );

  it('in CommonJS, brings each span out with the next invocation at the latest', async () => {
    const running = await start({
      format: 'cjs',
      source: `
        import { wrap } from '@clickspan/lambda';
        export const handler = wrap(async () => 'answer');`,
    });
    const requestIds: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { payload, requestId } = await running.invoke('f', {});
      expect(payload).toBe('answer');
      requestIds.push(requestId);
      await frozen(running);
    }
    await until('all but the last have come', () =>
      requestIds.slice(0, -1).every((id) => collector.spans.filter(isInvocation(id)).length === 1),
    );
  });

  it('does not hold an environment whose wrapped handler is passed over', async () => {
    const running = await start({
      format: 'esm',
      source: `
        import { ready, wrap } from '@clickspan/lambda';
        const inner = wrap(async () => 'inner');
        export const handler = async (event, context) => (event.skip ? 'outer' : inner(event, context));
        await ready();`,
    });
    const { payload } = await running.invoke('f', { skip: true });
    expect(payload).toBe('outer');
    await frozen(running);
    const [{ responseUnixMs, endUnixMs } = { responseUnixMs: 0, endUnixMs: 0 }] =
      running.environments()[0]!.invocations;
    expect(endUnixMs! - responseUnixMs!).toBeLessThan(2000);
    const { requestId } = await running.invoke('f', {});
    await frozen(running);
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
    expect(collector.spans.filter(isInvocation(requestId))).toHaveLength(1);
  });

  it('makes a span of every invocation also where the function has one of its own around it', async () => {
    const running = await start({
      format: 'esm',
      source: `
        import { trace } from '@opentelemetry/api';
        import { ready, wrap } from '@clickspan/lambda';
        const inner = wrap(async () => ({ message: 'inner' }));
        export const handler = (event, context) =>
          trace.getTracer('mine').startActiveSpan('outer', async (span) => {
            const result = await inner(event, context);
            span.end();
            return result;
          });
        await ready();`,
    });
    for (let i = 0; i < 3; i++) {
      const { requestId } = await running.invoke('f', {});
      await frozen(running);
      expect(collector.spans.filter(isInvocation(requestId))).toHaveLength(1);
    }
  });

  it('leaves child processes and worker threads alone that load the same code', async () => {
    const running = await start({
      format: 'esm',
      source: `
        import { execFileSync } from 'node:child_process';
        import { Worker, isMainThread, parentPort } from 'node:worker_threads';
        import { ready, wrap } from '@clickspan/lambda';
        const found = () => typeof globalThis[Symbol.for('clickspan.agent')];
        const message = (worker) => new Promise((resolve) => worker.once('message', resolve));
        const isChild = process.env.IS_CHILD === '1';
        const inner = wrap(async () => {
          const child = execFileSync(process.execPath, [import.meta.filename], {
            encoding: 'utf8',
            env: { ...process.env, IS_CHILD: '1' },
          });
          return { own: found(), threaded: await message(new Worker(import.meta.filename)), child };
        });
        export const handler = inner;
        if (!isMainThread) parentPort.postMessage(found());
        else if (isChild) process.stdout.write(found());
        else await ready();`,
    });
    const { payload } = await running.invoke('f', {});
    expect(payload).toEqual({ own: 'object', threaded: 'undefined', child: 'undefined' });
  });

  it.each(['nodejs24.x', 'nodejs22.x'] as const)(
    'works within middy and around it, beside Powertools (%s)',
    async (runtime) => {
      const running = await start({
        format: 'cjs',
        runtime,
        source: `
          import { Logger } from '@aws-lambda-powertools/logger';
          import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
          import { Tracer } from '@aws-lambda-powertools/tracer';
          import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
          import middy from '@middy/core';
          import { wrap } from '@clickspan/lambda';
          const logger = new Logger();
          const tracer = new Tracer();
          const inner = middy(wrap(async (event: { n: number }) => event.n + 1))
            .use(captureLambdaHandler(tracer)).use(injectLambdaContext(logger));
          const outer = wrap(middy().use(captureLambdaHandler(tracer)).use(injectLambdaContext(logger))
            .handler(async (event) => { if (event.fail) throw new RangeError('mine'); return event.n + 2; }));
          // What middy adds to a handler is still there.
          outer.use({ after: (request) => { request.response *= 10; } });
          export const handler = (event, context) => (event.inner ? inner : outer)(event, context);`,
      });
      const found: unknown[] = [];
      for (const event of [{ n: 1, inner: true }, { n: 1 }, { n: 1, fail: true }, { n: 2, inner: true }]) {
        const { payload, requestId } = await running.invoke('f', event);
        found.push((payload as { errorType?: string }).errorType ?? payload);
        await frozen(running);
        await running.invoke('f', { n: 0 });
        await frozen(running);
        const spans = collector.spans.filter(isInvocation(requestId));
        expect(spans.map(({ status }) => status.code)).toEqual(['fail' in event ? 2 : 0]);
      }
      expect(found).toEqual([2, 30, 'RangeError', 3]);
    },
  );

  it('makes one span of a handler that is wrapped twice', async () => {
    const running = await start({
      format: 'esm',
      source: `
        import { ready, wrap } from '@clickspan/lambda';
        const once = wrap(async () => 1);
        export const handler = wrap(wrap(async (event, context) => once(event, context)));
        await ready();`,
    });
    await running.invoke('f', {});
    await frozen(running);
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
  });
});
