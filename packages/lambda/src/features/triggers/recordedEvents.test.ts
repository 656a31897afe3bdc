import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_SPAN_ID, EVENT_TRACE_ID, RECORDED_EVENTS } from '../../../../../test/support/lambdaEvents.ts';
import { parseTrigger } from './parseTrigger.ts';

describe('an event as AWS documents it', () => {
  it.each(RECORDED_EVENTS.map((recorded) => [recorded.name, recorded] as const))(
    'says what called the function: %s',
    (_, { event, clientContext, expected }) => {
      const trigger = parseTrigger(event, { clientContext });
      expect([trigger.name, trigger.kind]).toEqual([expected.name, expected.kind === 'server' ? 1 : 4]);
      const { traceId, spanId, isRemote } = trigger.parent ?? {};
      expect([traceId, spanId, isRemote]).toEqual(
        expected.continues ? [EVENT_TRACE_ID, EVENT_SPAN_ID, true] : [undefined, undefined, undefined],
      );
      expect((trigger.links ?? []).map(({ context }) => context.traceId)).toEqual(expected.links);
      for (const [name, value] of Object.entries(expected.attributes))
        expect([name, trigger.attributes[name]]).toEqual([name, value]);
    },
  );

  it('is the same when it has been through the parser', () => {
    for (const { event } of RECORDED_EVENTS) {
      const before = JSON.stringify(event);
      parseTrigger(event);
      expect(JSON.stringify(event)).toBe(before);
    }
  });

  it('never has anything of a body in what is recorded', () => {
    for (const { event } of RECORDED_EVENTS) {
      const { attributes, links } = parseTrigger(event);
      expect(JSON.stringify([attributes, links])).not.toMatch(/order\W*:|Rex|hello|jane|=secret/);
    }
  });

  it('is asserted for every file', () => {
    const folder = new URL('../../../../../test/support/lambdaEvents', import.meta.url);
    const files = readdirSync(folder).map((file) => file.replace('.json', ''));
    expect(RECORDED_EVENTS.map(({ name }) => name).sort()).toEqual(files.sort());
  });
});
