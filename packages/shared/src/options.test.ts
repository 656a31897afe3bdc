import { describe, expect, it } from 'vitest';
import {
  booleanOption,
  choiceOption,
  listOption,
  mapOption,
  numberOption,
  readOptions,
  textOption,
  urlOption,
  type OptionInput,
} from './options.ts';

const schema = {
  endpoint: urlOption({ default: 'http://localhost:4318', environment: 'ENDPOINT', doc: '' }),
  name: textOption({ default: 'unnamed', environment: 'NAME', doc: '' }),
  disabled: booleanOption({ default: false, environment: 'DISABLED', doc: '' }),
  ratio: numberOption({ default: 1, min: 0, max: 1, environment: 'RATIO', doc: '' }),
  targets: listOption({ default: [], environment: 'TARGETS', doc: '' }),
  headers: mapOption({ default: {}, environment: 'HEADERS', doc: '' }),
  flush: choiceOption({ default: 'each', choices: ['each', 'overlap'], environment: 'FLUSH', doc: '' }),
};

function read(environment: Record<string, string>, code?: OptionInput<typeof schema>) {
  const warnings: string[] = [];
  const values = readOptions(schema, {
    environment: (name) => environment[name],
    code,
    warn: (message) => warnings.push(message),
  });
  return { values, warnings };
}

describe('readOptions', () => {
  it('gives the defaults where nobody says anything', () => {
    expect(read({}).values).toEqual({
      endpoint: 'http://localhost:4318',
      name: 'unnamed',
      disabled: false,
      ratio: 1,
      targets: [],
      headers: {},
      flush: 'each',
    });
  });

  it('puts the environment before code, and code before the default', () => {
    const { values } = read({ NAME: 'environment' }, { name: 'code', ratio: 0.5 });
    expect(values).toMatchObject({ name: 'environment', ratio: 0.5 });
  });

  it('reads every kind from text', () => {
    const { values, warnings } = read({
      ENDPOINT: 'https://collector.example/base/',
      DISABLED: 'TRUE',
      RATIO: '0.25',
      TARGETS: 'https://a.example, https://b.example/api,',
      HEADERS: 'authorization=Bearer%20x,tenant=7',
      FLUSH: 'overlap',
    });
    expect(values).toMatchObject({
      endpoint: 'https://collector.example/base',
      disabled: true,
      ratio: 0.25,
      targets: ['https://a.example', 'https://b.example/api'],
      headers: { authorization: 'Bearer x', tenant: '7' },
      flush: 'overlap',
    });
    expect(warnings).toEqual([]);
  });

  it('takes an empty text as unset', () => {
    expect(read({ NAME: '' }, { name: 'code' }).values.name).toBe('code');
  });

  it.each([
    ['ENDPOINT', 'javascript:alert(1)', 'endpoint'],
    ['ENDPOINT', 'collector', 'endpoint'],
    ['DISABLED', '1', 'disabled'],
    ['RATIO', '1.5', 'ratio'],
    ['RATIO', 'NaN', 'ratio'],
    ['RATIO', ' ', 'ratio'],
    ['HEADERS', 'secret', 'headers'],
    ['HEADERS', 'a=%E0%A4%A', 'headers'],
    ['FLUSH', 'never', 'flush'],
  ] as const)('keeps the default for %s=%s, and says so once without the value', (variable, text, name) => {
    const { values, warnings } = read({ [variable]: text });
    expect(values[name]).toEqual(schema[name].default);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(variable);
    if (text.trim().length > 3) expect(warnings[0]).not.toContain(text);
  });

  it('asks by its own name for an option that names no variable, and warns by the name that people know', () => {
    const warnings: string[] = [];
    const values = readOptions(
      { shortName: textOption({ default: '', doc: '' }), isShort: booleanOption({ default: true, doc: '' }) },
      {
        environment: (name) => ({ shortName: 'short', isShort: 'perhaps' })[name],
        toEnvironmentName: (name) => `data-${name}`,
        warn: (message) => warnings.push(message),
      },
    );
    expect(values).toEqual({ shortName: 'short', isShort: true });
    expect(warnings).toEqual(['data-isShort is not a valid boolean; it is ignored.']);
  });

  it('takes an address in any case', () => {
    expect(read({ ENDPOINT: 'HTTPS://Collector.example//' }).values.endpoint).toBe(
      'HTTPS://Collector.example',
    );
  });

  it('falls back to code when the environment is bad', () => {
    expect(read({ RATIO: 'many' }, { ratio: 0.5 }).values.ratio).toBe(0.5);
  });

  it('refuses wrong types from code', () => {
    const code = { targets: [1], headers: { a: 1 }, ratio: '2', name: 5 } as unknown as OptionInput<
      typeof schema
    >;
    const { values, warnings } = read({}, code);
    expect(values).toMatchObject({ targets: [], headers: {}, ratio: 1, name: 'unnamed' });
    expect(warnings).toHaveLength(4);
  });
});
