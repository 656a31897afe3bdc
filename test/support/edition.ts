import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';

const dist: string = resolve(import.meta.dirname, '../../packages/browser/dist');

/** Which edition of the browser agent the tests run on: `EDITION=opentelemetry`, else the agent proper. */
export const isOpenTelemetryEdition: boolean = process.env['EDITION'] === 'opentelemetry';

/** The built script that pages of tests load. */
export const agentScriptFile: string = resolve(
  dist,
  isOpenTelemetryEdition ? 'clickspan.opentelemetry.js' : 'clickspan.js',
);

let module: Promise<string> | undefined;

/** The built module that pages of tests import. What that of OpenTelemetry's edition imports is bundled as an app would. */
export function readAgentModule(): Promise<string> {
  module ??= isOpenTelemetryEdition
    ? bundle(resolve(dist, 'esm/opentelemetry.js'))
    : readFile(resolve(dist, 'esm/clickspan.js'), 'utf8');
  return module;
}

async function bundle(input: string): Promise<string> {
  const bundled = await rolldown({ input, platform: 'browser' });
  const { output } = await bundled.generate({ format: 'es', minify: true });
  return output[0].code;
}
