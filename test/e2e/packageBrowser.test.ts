import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';

const repository = resolve(import.meta.dirname, '../..');
const tools = join(repository, 'node_modules');
let dir: string;
let tarball: string;
let installed: string;

beforeAll(() => {
  mkdirSync(join(tools, '.cache/clickspan'), { recursive: true });
  // Below the workspace's packages, so that routers and the like are found there.
  dir = mkdtempSync(join(tools, '.cache/clickspan/packed-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], {
    cwd: join(repository, 'packages/browser'),
  });
  tarball = join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.tgz'))!,
  );
  installed = join(dir, 'node_modules/@clickspan/browser');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Checks code of a user against the packed types; gives what the compiler says. */
function check(code: string, options: Record<string, unknown>): string {
  writeFileSync(join(dir, 'app.ts'), code);
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    ...options,
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
  const compiler = join(tools, '@typescript/native/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', dir], { encoding: 'utf8' }).stdout;
}

const resolutions = [
  { module: 'NodeNext', moduleResolution: 'NodeNext' },
  { module: 'ESNext', moduleResolution: 'Bundler' },
];

describe('the packed package', () => {
  it('holds the scripts, the modules and their types, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const unexpected = files.filter(
      (file) =>
        !/^(?:package\.json|README\.md|LICENSE|dist\/(?:esm\/)?[\w.]+\.js(?:\.map)?|dist\/types\/\w+\.d\.ts)$/.test(
          file,
        ),
    );
    expect(unexpected).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'dist/clickspan.js', 'dist/clickspan.opentelemetry.js']),
    );
  });

  it('has an export for each of its ways in, with types that name no package of the workspace', () => {
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { types: string; default: string }>;
    };
    expect(Object.keys(exports)).toEqual(
      expect.arrayContaining(['.', './core', './opentelemetry', './react', './vue', './angular']),
    );
    for (const entry of Object.values(exports)) {
      if (typeof entry === 'string') {
        expect(readFileSync(join(installed, entry), 'utf8')).not.toBe('');
        continue;
      }
      expect(
        /(?:from|import)\s?"@clickspan\//.test(readFileSync(join(installed, entry.default), 'utf8')),
      ).toBe(false);
      expect(readFileSync(join(installed, entry.types), 'utf8')).not.toMatch(
        /from '@(?:clickspan|opentelemetry)/,
      );
    }
  });

  it('has nothing that publint complains of', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, level: 'suggestion' });
    expect(messages).toEqual([]);
  });

  it('has types that fit what it exports, by attw', () => {
    const result = spawnSync(
      process.execPath,
      [
        join(tools, '@arethetypeswrong/cli/dist/index.js'),
        tarball,
        '--profile=esm-only',
        '--exclude-entrypoints=clickspan.js',
        '--exclude-entrypoints=clickspan.opentelemetry.js',
        '--exclude-entrypoints=clickspan.snippet.js',
        '--no-color',
      ],
      { encoding: 'utf8' },
    );
    expect(result.status, result.stdout + result.stderr).toBe(0);
  });

  it('can be imported where there is no page, and starts nothing there', () => {
    const code = `for (const entry of ['', '/core', '/opentelemetry', '/react', '/vue', '/angular']) {
      const { start } = await import('@clickspan/browser' + entry);
      if (start?.({}, []) !== undefined) throw new Error(entry);
    }`;
    writeFileSync(join(dir, 'server.mjs'), code);
    execFileSync(process.execPath, [join(dir, 'server.mjs')]);
  });
});

describe.each(resolutions)('its types, with moduleResolution $moduleResolution', (resolution) => {
  it('take what is right', () => {
    const code = `
      import type { Tracer } from '@opentelemetry/api';
      import { start, type Agent, type StartOptions } from '@clickspan/browser';
      import { start as startCore, clickFeature, fetchFeature, type NamedFeature } from '@clickspan/browser/core';
      import { start as startOpenTelemetry } from '@clickspan/browser/opentelemetry';
      const options: StartOptions = {
        endpoint: 'https://collector.example',
        headers: { 'x-key': 'k' },
        propagateTo: ['https://api.example', (url) => url.hostname.endsWith('.example')],
        sampleRatio: 0.5,
        features: ['click', 'fetch'],
        beforeAction: ({ name, type }) => (type === 'click' ? name.toLowerCase() : undefined),
        serviceName: undefined,
      };
      const agent: Agent | undefined = start(options) ?? startOpenTelemetry() ?? startOpenTelemetry(options);
      const features: NamedFeature[] = [clickFeature, fetchFeature];
      startCore({}, features)?.setRoute('/orders/:id');
      if (agent) {
        const tracer: Tracer = agent.tracerProvider.getTracer('app', '1.0.0');
        tracer.startActiveSpan('work', (span) => span.end());
        const result: Promise<number> = agent.action.run('checkout', async () => 1);
        const flushed: Promise<void> = agent.flush();
        const stopped: void = agent.stop();
        void [result, flushed, stopped];
      }`;
    expect(check(code, resolution)).toBe('');
  });

  it('refuse what is wrong', () => {
    const code = `
      import { start } from '@clickspan/browser';
      import { start as startCore, clickFeature } from '@clickspan/browser/core';
      // @ts-expect-error -- misspelt
      start({ endPoint: 'https://collector.example' });
      // @ts-expect-error -- a number
      start({ sampleRatio: '1' });
      // @ts-expect-error -- a list
      start({ propagateTo: 'https://api.example' });
      // @ts-expect-error -- may be undefined, on a server
      start().flush();
      // @ts-expect-error -- features by name are an option
      startCore({}, ['click']);
      // @ts-expect-error -- a list of features
      startCore({}, clickFeature);
      // @ts-expect-error -- a pattern
      start()?.setRoute(1);
      // @ts-expect-error -- nothing of the inside is offered
      start()?.exporter;`;
    expect(check(code, resolution)).toBe('');
  });

  it('fit the routers', () => {
    const code = `
      import type { Router as AngularRouter } from '@angular/router';
      import { createBrowserRouter, type RouteObject } from 'react-router';
      import { createRouter, createWebHistory } from 'vue-router';
      import * as vueRouter4 from 'vue-router4';
      import { nameRoutes as nameReactRoutes, useRouteNames } from '@clickspan/browser/react';
      import { nameRoutes as nameVueRoutes } from '@clickspan/browser/vue';
      import { nameRoutes as nameAngularRoutes } from '@clickspan/browser/angular';
      const routes: RouteObject[] = [{ path: '/orders/:id' }];
      const stops: (() => void)[] = [
        nameReactRoutes(createBrowserRouter(routes)),
        nameVueRoutes(createRouter({ history: createWebHistory(), routes: [] })),
        nameVueRoutes(vueRouter4.createRouter({ history: vueRouter4.createWebHistory(), routes: [] }) as never),
        nameAngularRoutes(null as unknown as AngularRouter),
      ];
      export const App = () => (useRouteNames(routes), stops);`;
    expect(check(code, { ...resolution, skipLibCheck: true })).toBe('');
  });
});

describe('what an app bundles', () => {
  const sizeOf = async (code: string): Promise<number> => gzipSync(await bundle(code), { level: 9 }).length;

  it('is nothing for an import that is not used', async () => {
    expect(await sizeOf(`import { start } from '@clickspan/browser';`)).toBeLessThan(100);
    expect(await sizeOf(`import { clickFeature } from '@clickspan/browser/core';`)).toBeLessThan(100);
  });

  it('is without the features that it does not name', async () => {
    const whole = await bundle(`import { start } from '@clickspan/browser'; start();`);
    const part = await bundle(
      `import { start, clickFeature, fetchFeature } from '@clickspan/browser/core'; start({}, [clickFeature, fetchFeature]);`,
    );
    for (const ofFeature of [
      'XMLHttpRequest',
      'unhandledrejection',
      'opentelemetry.js.api.1',
      'currententrychange',
    ]) {
      expect([ofFeature, whole.includes(ofFeature), part.includes(ofFeature)]).toEqual([
        ofFeature,
        true,
        false,
      ]);
    }
    expect(gzipSync(part).length).toBeLessThan(gzipSync(whole).length - 1500);
  });
});
