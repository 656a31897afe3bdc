import { randomUUID } from 'node:crypto';
import { matchesPattern } from '../platform/eventPattern.ts';
import { toScheduledEvent, toSchedulerEvent, toSecond } from '../features/events/busEvent.ts';
import { parseSchedule, refuseRuleFaults, refuseScheduleFaults } from '../features/events/eventsConfig.ts';
import type { EventRuleConfig, EventTarget, ScheduleConfig } from '../features/events/eventsConfig.ts';
import { startEventsServer } from '../features/events/eventsServer.ts';
import { fillInContext, toTargetInput } from '../features/events/targetInput.ts';
import { runByClock } from '../platform/runByClock.ts';
import { EmulatorError } from '../emulatorError.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import { refuseFifoTarget, refuseUnknownTarget } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** EventBridge's stand-in and what it can be asked to do. */
export interface RunningEvents {
  readonly eventBridgeEndpoint: string | undefined;
  /** Runs the rule or schedule of that name now; throws when there is none with a schedule. */
  runSchedule(name: string): void;
}

/**
 * Starts the stand-ins for EventBridge and its Scheduler: buses, rules, and what runs by the clock.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @param delivery the ways to functions and queues
 * @returns where it listens; throws an EmulatorError that names what contradicts itself
 */
export async function startEvents(
  options: EmulatorOptions,
  wiring: Wiring,
  delivery: Delivery,
): Promise<RunningEvents> {
  const { eventRules: rules = [], schedules = [], eventBridgePort = 0 } = options;
  const runs = new Map<string, () => void>();
  const byClock = (name: string, expression: string, run: () => void): void => {
    runs.set(name, run);
    const next = parseSchedule(expression);
    if (!next) return;
    const end = runByClock(next, wiring.clock, run);
    wiring.keep(async () => end());
  };
  refuseTwice('schedule', [...rules.filter(({ schedule }) => schedule !== undefined), ...schedules]);
  for (const rule of rules) {
    refuseRuleFaults(rule);
    for (const target of rule.targets) refuseTarget(options, wiring, `rule ${rule.name}`, target);
    if (rule.schedule !== undefined) byClock(rule.name, rule.schedule, () => runRule(rule, wiring, delivery));
  }
  for (const schedule of schedules) {
    refuseScheduleFaults(schedule);
    refuseTarget(options, wiring, `schedule ${schedule.name}`, schedule.target);
    byClock(schedule.name, schedule.expression, () => runScheduler(schedule, wiring, delivery));
  }
  const runSchedule = (name: string): void => {
    const run = runs.get(name);
    if (!run)
      throw new EmulatorError(
        'CLICKSPAN_EMULATOR_UNKNOWN',
        `no rule or schedule ${name} that has a schedule`,
      );
    run();
  };
  if (rules.length === 0) return { eventBridgeEndpoint: undefined, runSchedule };
  const server = await startEventsServer({
    port: eventBridgePort,
    account: wiring.account,
    clock: wiring.clock,
    onEvent: (busName, event, traceHeader) => {
      for (const { bus = 'default', eventPattern, targets } of rules) {
        if (bus !== busName || !eventPattern || !matchesPattern(eventPattern, event)) continue;
        for (const target of targets) deliver(delivery, target, toTargetInput(target, event), traceHeader);
      }
    },
  });
  wiring.keep(() => server.stop());
  return { eventBridgeEndpoint: server.endpoint, runSchedule };
}

/**
 * No FIFO topic can be a target (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html), and a FIFO queue
 * only with a message group, which targets do not have here.
 */
function refuseTarget(options: EmulatorOptions, wiring: Wiring, what: string, target: EventTarget): void {
  refuseUnknownTarget(options, wiring, target);
  refuseFifoTarget(what, target);
}

function runRule({ name, targets }: EventRuleConfig, wiring: Wiring, delivery: Delivery): void {
  const { region, accountId } = wiring.account;
  const origin = { id: randomUUID(), account: wiring.account, nowUnixMs: wiring.clock() };
  const event = toScheduledEvent(`arn:aws:events:${region}:${accountId}:rule/${name}`, origin);
  for (const target of targets) deliver(delivery, target, toTargetInput(target, event), undefined);
}

function runScheduler(
  { name, group = 'default', target }: ScheduleConfig,
  wiring: Wiring,
  delivery: Delivery,
): void {
  const { region, accountId } = wiring.account;
  const origin = { id: randomUUID(), account: wiring.account, nowUnixMs: wiring.clock() };
  const scheduleArn = `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
  const context = { scheduleArn, scheduledTime: toSecond(origin.nowUnixMs), executionId: origin.id };
  const input =
    target.input === undefined ? toSchedulerEvent(scheduleArn, origin) : fillInContext(target.input, context);
  deliver(delivery, target, input, undefined);
}

function deliver(
  delivery: Delivery,
  { function: functionName, queue, topic }: EventTarget,
  input: unknown,
  traceHeader: string | undefined,
): void {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  if (topic !== undefined) delivery.publish(topic, text, undefined, traceHeader);
  if (functionName !== undefined) delivery.runLater(functionName, input, traceHeader);
  if (queue !== undefined) delivery.send(queue, { body: text, traceHeader });
}
