import { findPatternFault } from '../../platform/eventPatternFaults.ts';
import { refuseMeaningless, refuseOption } from '../../platform/optionFaults.ts';
import type { NextRun } from '../../platform/runByClock.ts';
import { parseAt, parseCron } from './cron.ts';
import { parseRate } from './rate.ts';

/** A rule of an event bus, and whom it hands events to. */
export interface EventRuleConfig {
  readonly name: string;
  /** Name of the bus; `default`. */
  readonly bus?: string | undefined;
  /** Which events; a rule has a pattern, or a schedule, or both. */
  readonly eventPattern?: Readonly<Record<string, unknown>> | undefined;
  /** `rate(5 minutes)` or `cron(0 12 * * ? *)`, in UTC; `emulator.runSchedule` runs it by request, too. */
  readonly schedule?: string | undefined;
  readonly targets: readonly EventTarget[];
}

/** A function, a queue or a topic. */
export interface EventTarget {
  /** Name of a function; it is run asynchronously. */
  readonly function?: string | undefined;
  /** Name of a configured queue. */
  readonly queue?: string | undefined;
  /** Name of a configured topic. */
  readonly topic?: string | undefined;
  /** What the target gets instead of the event. */
  readonly input?: unknown;
  /** Which part of the event the target gets, such as `$.detail`; all of it. */
  readonly inputPath?: string | undefined;
}

/** A schedule of EventBridge Scheduler with one target. */
export interface ScheduleConfig {
  readonly name: string;
  /** Name of its group; `default`. */
  readonly group?: string | undefined;
  /** `rate(5 minutes)`, `cron(0 12 * * ? *)` or `at(2026-11-25T15:00:00)`, in UTC; by request, too, as a rule. */
  readonly expression: string;
  readonly target: Omit<EventTarget, 'inputPath'>;
}

const NAME = /^[\w.-]{1,64}$/;

/** Throws an EmulatorError when AWS would not take a rule. */
export function refuseRuleFaults(rule: EventRuleConfig): void {
  const what = `rule ${rule.name}`;
  if (!NAME.test(rule.name)) refuseOption(what, 'letters, digits, ., - and _ only, at most 64');
  if (rule.eventPattern === undefined && rule.schedule === undefined)
    refuseOption(what, 'needs an eventPattern or a schedule');
  const fault = rule.eventPattern === undefined ? undefined : findPatternFault(rule.eventPattern);
  if (fault !== undefined) refuseOption(what, `eventPattern: ${fault}`);
  if (rule.schedule !== undefined && rule.bus !== undefined && rule.bus !== 'default')
    refuseOption(what, 'only rules of the default bus can have a schedule');
  if (rule.schedule !== undefined && (parseAt(rule.schedule) || !parseSchedule(rule.schedule)))
    refuseOption(
      what,
      `"${rule.schedule}" is no schedule: rate(1 minute), rate(5 minutes), cron(0 12 * * ? *)`,
    );
  for (const target of rule.targets) {
    refuseTarget(what, target);
    const { input, inputPath } = target;
    // "Input, InputPath, and InputTransformer are mutually exclusive" (EventBridge API reference, "Target").
    if (input !== undefined) refuseMeaningless(what, 'beside an input', { inputPath });
    if (inputPath !== undefined && !/^\$(\.[\w-]+)*$/.test(inputPath))
      refuseOption(what, `inputPath "${inputPath}" must be fields after a $, such as $.detail`);
  }
}

/** Throws an EmulatorError when AWS would not take a schedule. */
export function refuseScheduleFaults(schedule: ScheduleConfig): void {
  const what = `schedule ${schedule.name}`;
  if (!NAME.test(schedule.name)) refuseOption(what, 'letters, digits, ., - and _ only, at most 64');
  if (!parseSchedule(schedule.expression))
    refuseOption(
      what,
      `"${schedule.expression}" is no schedule: rate(1 minute), rate(5 minutes), cron(0 12 * * ? *), at(2026-11-25T15:00:00)`,
    );
  refuseTarget(what, schedule.target);
}

/**
 * Reads what a rule or a schedule runs by.
 *
 * @param expression a rate, a cron expression or one time
 * @returns says when it is due next; undefined when it is none of them
 */
export function parseSchedule(expression: string): NextRun | undefined {
  const everyMs = parseRate(expression);
  if (everyMs !== undefined) return (afterUnixMs) => afterUnixMs + everyMs;
  return parseCron(expression) ?? parseAt(expression);
}

function refuseTarget(what: string, target: EventTarget): void {
  const named = [target.function, target.queue, target.topic].filter((name) => name !== undefined);
  if (named.length !== 1) refuseOption(what, 'a target needs one of function, queue and topic');
}
