import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../cliError.ts';
import { parseDevConfig } from './devConfig.ts';

const whole = {
  dataDir: 'data',
  environment: { COLLECTOR: '{{collector}}' },
  layers: ['layer.zip'],
  functions: {
    orders: { code: 'dist/orders', handler: 'index.handler', environment: { Q: '{{queue.orders}}' } },
  },
  httpApis: {
    shop: { port: 5174, cors: { allowOrigins: ['{{site.shop}}'] }, routes: { 'POST /orders': 'orders' } },
  },
  queues: { orders: { function: 'orders' } },
  sites: { shop: { dir: 'site' } },
  services: { dynamodb: { command: ['node', 'dynamodb.js'] } },
};

/** Puts a value at a path of the whole configuration, such as `functions.orders.handler`. */
function withValue(path: string, value: unknown): unknown {
  const copy = structuredClone(whole) as Record<string, unknown>;
  const keys = path.split('.');
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return copy;
}

function refusalOf(value: unknown): string {
  try {
    parseDevConfig(value, '/project');
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    expect((error as CliError).code).toBe('CLICKSPAN_CLI_CONFIG_INVALID');
    return (error as CliError).message;
  }
  throw new Error('It was taken.');
}

describe('parseDevConfig', () => {
  it('makes paths absolute from the folder of the file', () => {
    const config = parseDevConfig(whole, '/project');
    expect(config.dataDir).toBe('/project/data');
    expect(config.layers).toEqual(['/project/layer.zip']);
    expect(config.functions['orders']?.code).toBe('/project/dist/orders');
    expect(config.sites['shop']?.dir).toBe('/project/site');
  });

  it('takes an empty file: collector and console on their usual ports', () => {
    const config = parseDevConfig({}, '/project');
    expect(config.ports).toMatchObject({ collector: 4318, console: 4319 });
    expect(config.dataDir).toBe('/project/.clickspan');
    expect(config.functions).toEqual({});
  });

  it.each([
    ['functions.orders.handler', 'handler', 'functions.orders.handler must have the form file.export'],
    ['functions.orders.handler', 7, 'functions.orders.handler must be a text that is not empty, not 7'],
    [
      'functions.orders.code',
      undefined,
      'functions.orders.code must be a text that is not empty, not left out',
    ],
    [
      'functions.orders.memoryMb',
      64,
      'functions.orders.memoryMb must be a whole number from 128 to 10240, not 64',
    ],
    ['functions.orders.timeoutMs', 1.5, 'functions.orders.timeoutMs must be a whole number from 1 to 900000'],
    [
      'functions.orders.memory',
      512,
      'functions.orders.memory is not known; here there may be: code, handler',
    ],
    ['functions.orders.environment', { DEBUG: 1 }, 'functions.orders.environment.DEBUG must be a text'],
    [
      'functions.orders.environment',
      { 'A-B': '1' },
      'functions.orders.environment.A-B has a name that it cannot',
    ],
    ['functions.a b', {}, 'functions.a b has a name that it cannot have: use letters, digits, - and _'],
    ['httpApis.shop.port', 70_000, 'httpApis.shop.port must be a whole number from 1 to 65535, not 70000'],
    ['httpApis.shop.routes', { 'post /orders': 'orders' }, 'httpApis.shop.routes.post /orders has a name'],
    [
      'httpApis.shop.routes',
      { 'GET /': 'order' },
      'httpApis.shop.routes["GET /"] names the function "order"',
    ],
    ['httpApis.shop.cors.allowOrigins', [], 'httpApis.shop.cors.allowOrigins must hold at least 1 value'],
    ['httpApis.shop.cors.allowOrigins', '*', 'httpApis.shop.cors.allowOrigins must be a list'],
    [
      'httpApis.shop.cors.allowOrigins',
      ['{{site.shp}}'],
      'httpApis.shop.cors.allowOrigins[0] holds the placeholder',
    ],
    ['environment.COLLECTOR', '{{colector}}', 'environment.COLLECTOR holds the placeholder {{colector}}'],
    ['queues.orders.function', 'fulfill', 'queues.orders.function names the function "fulfill"'],
    ['queues.orders.deadLetterQueue', 'dead', 'queues.orders.deadLetterQueue names the queue "dead"'],
    [
      'queues.orders.batchSize',
      '10',
      'queues.orders.batchSize must be a whole number from 1 to 10000, not "10"',
    ],
    ['functionUrls', { nobody: {} }, 'functionUrls.nobody names the function "nobody"'],
    ['sites.shop.singlePage', 'yes', 'sites.shop.singlePage must be true or false, not "yes"'],
    ['services.dynamodb.command', [], 'services.dynamodb.command must hold at least 1 value'],
    ['layers', ['a.zip', 3], 'layers[1] must be a text that is not empty, not 3'],
    ['layers', { a: 1 }, 'layers must be a list ([ … ]), not an object'],
    ['function', {}, 'function is not known; here there may be: dataDir, ports'],
  ])('names %s and what to do when it is %j', (path, value, expected) => {
    expect(refusalOf(withValue(path, value))).toContain(expected);
  });

  it.each([[null], [[]], ['text'], [3]])('refuses a file that holds only %j', (value) => {
    expect(refusalOf(value)).toContain('The file must be an object');
  });

  it('never fails in another way, whatever the file holds', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.constantFrom('functions', 'httpApis', 'queues', 'sites', 'ports'),
        (value, key) => {
          for (const file of [value, { ...whole, [key]: value }]) {
            try {
              parseDevConfig(file, '/project');
            } catch (error) {
              expect(error).toBeInstanceOf(CliError);
            }
          }
        },
      ),
    );
  });
});
